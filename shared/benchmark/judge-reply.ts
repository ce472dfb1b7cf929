import { z } from 'zod'
import type { EventData } from '../events/registry.ts'

export interface JudgeScores {
  criteria: { criterion: string; score: number; justification: string }[]
  feedback: string
}

export type JudgeReply = { ok: true; scores: JudgeScores } | { ok: false; problem: string }

const TEXT_CHARACTERS_MAX = 4_000
const replySchema = z.strictObject({
  criteria: z
    .array(
      z.strictObject({
        criterion: z.string(),
        score: z.number().int().min(1).max(5),
        justification: z.string().min(1).max(TEXT_CHARACTERS_MAX),
      }),
    )
    .max(64),
  feedback: z.string().max(TEXT_CHARACTERS_MAX),
})

/** Reads a judge's answer: one JSON object that scores every criterion once and no other. What is wrong is an answer. */
export function readJudgeReply(text: string, criteria: readonly string[]): JudgeReply {
  let content: unknown
  try {
    content = JSON.parse(withoutFence(text))
  } catch {
    return { ok: false, problem: 'it is not one JSON object' }
  }
  const read = replySchema.safeParse(content)
  if (!read.success) {
    const issue = read.error.issues[0]!
    return { ok: false, problem: `${issue.path.map(String).join('.') || 'it'}: ${issue.message}` }
  }
  const scored = read.data.criteria.map(one => one.criterion)
  const missing = criteria.filter(one => !scored.includes(one))
  const unknown = scored.filter(one => !criteria.includes(one))
  if (missing.length > 0) return { ok: false, problem: `it does not score ${missing.join(', ')}` }
  if (unknown.length > 0)
    return { ok: false, problem: `it scores ${unknown[0]!.slice(0, 100)}, which was not asked` }
  if (scored.length !== criteria.length) return { ok: false, problem: 'it scores a criterion twice' }
  return { ok: true, scores: read.data }
}

/**
 * What a judge's scores are told as. The mean and whether it reaches the threshold are reckoned here: a judge's own are not
 * asked for.
 */
export function judgeEvaluation(
  evaluationId: string,
  judge: string,
  { criteria, feedback }: JudgeScores,
  threshold: number,
  evidence: { reasoning: string | null; actions: readonly string[] },
): EventData<'judge_evaluation'> {
  const mean = criteria.reduce((sum, one) => sum + one.score, 0) / criteria.length
  const overall = Math.round(mean * 1_000) / 1_000
  return {
    evaluation_id: evaluationId,
    judge,
    agent_reasoning: evidence.reasoning ?? '',
    agent_actions: [...evidence.actions],
    criteria,
    overall_score: overall,
    pass: overall >= threshold,
    feedback,
  }
}

/** Models put JSON into a fence of Markdown, asked or not. */
function withoutFence(text: string): string {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)
  return fenced?.[1] ?? text
}
