import type { Scenario } from '../scenario/scenario.ts'
import { JUDGE_TRIES_MAX, type Judge } from './judge.ts'
import { askAgain, judgePrompt } from './judge-prompt.ts'
import { type JudgeScores, readJudgeReply } from './judge-reply.ts'
import type { TranscriptEntry } from './transcript.ts'

/** A judge's answer to one chat, as text. What throws is a model that did not answer. */
export type AskModel = (request: {
  model: string
  temperature: number
  max_tokens: number
  response_format: { type: 'json_object' }
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[]
}) => Promise<string>

/** One answer of a judge that could not be used. */
export interface RefusedReply {
  attempt: number
  problem: string
}

export type JudgeOutcome =
  | { ok: true; scores: JudgeScores; refused: RefusedReply[] }
  | { ok: false; problem: string; refused: RefusedReply[] }

/** A reply is repeated to a judge that is asked again, at most so much of it. */
const REPEATED_CHARACTERS_MAX = 4_000

/** Asks one judge, at most three times, until its answer can be read. */
export async function askJudge(
  ask: AskModel,
  judge: Judge,
  scenario: Scenario,
  transcript: readonly TranscriptEntry[],
  boundary: string,
): Promise<JudgeOutcome> {
  const prompt = judgePrompt(scenario, transcript, boundary)
  const messages: Parameters<AskModel>[0]['messages'] = [...prompt.messages]
  const refused: RefusedReply[] = []
  for (let attempt = 1; attempt <= JUDGE_TRIES_MAX; attempt++) {
    const text = await ask({
      model: judge.model,
      temperature: judge.temperature,
      max_tokens: judge.maxOutputTokens,
      response_format: { type: 'json_object' },
      messages,
    })
    const reply = readJudgeReply(text, prompt.criteria)
    if (reply.ok) return { ok: true, scores: reply.scores, refused }
    refused.push({ attempt, problem: reply.problem })
    messages.push(
      { role: 'assistant', content: text.slice(0, REPEATED_CHARACTERS_MAX) },
      askAgain(reply.problem),
    )
  }
  const last = refused.at(-1)!.problem
  return {
    ok: false,
    problem: `judge ${judge.model} gave no readable answer in ${JUDGE_TRIES_MAX} tries: ${last}`,
    refused,
  }
}
