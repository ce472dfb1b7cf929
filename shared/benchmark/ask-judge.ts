import { setTimeout as delay } from 'node:timers/promises'
import type { Scenario } from '../scenario/scenario.ts'
import { JUDGE_TRIES_MAX, type Judge } from './judge.ts'
import { askAgain, judgePrompt } from './judge-prompt.ts'
import { type JudgeScores, readJudgeReply } from './judge-reply.ts'
import type { TranscriptEntry } from './transcript.ts'

/** A judge's answer to one chat, as text. What throws is a model that did not answer; it gives up when `signal` aborts. */
export type AskModel = (
  request: {
    model: string
    temperature: number
    max_tokens: number
    response_format: { type: 'json_object' }
    messages: { role: 'system' | 'user' | 'assistant'; content: string }[]
  },
  signal: AbortSignal,
) => Promise<string>

/** One try of a judge that came to nothing: no answer, or one that cannot be used. */
export interface RefusedReply {
  attempt: number
  problem: string
}

export type JudgeOutcome =
  | { ok: true; scores: JudgeScores; refused: RefusedReply[] }
  | { ok: false; problem: string; refused: RefusedReply[] }

/** A reply is repeated to a judge that is asked again, at most so much of it. */
const REPEATED_CHARACTERS_MAX = 4_000

/** After a try that was not answered at all the next one waits so long, then twice as long. */
const PAUSE_MS = 500
const PROBLEM_CHARACTERS_MAX = 500

/**
 * Asks one judge, at most three times, until its answer can be read. A judge that does not answer in its time, or at all, has
 * had its try too. Throws when `signal` aborts.
 */
export async function askJudge(
  ask: AskModel,
  judge: Judge,
  scenario: Scenario,
  transcript: readonly TranscriptEntry[],
  boundary: string,
  signal: AbortSignal,
): Promise<JudgeOutcome> {
  const prompt = judgePrompt(scenario, transcript, boundary)
  const messages: Parameters<AskModel>[0]['messages'] = [...prompt.messages]
  const refused: RefusedReply[] = []
  for (let attempt = 1; attempt <= JUDGE_TRIES_MAX; attempt++) {
    const answer = await askOnce()
    if (!answer.ok) {
      refused.push({ attempt, problem: answer.problem })
      if (attempt < JUDGE_TRIES_MAX) await delay(PAUSE_MS * attempt, undefined, { signal })
      continue
    }
    const reply = readJudgeReply(answer.text, prompt.criteria)
    if (reply.ok) return { ok: true, scores: reply.scores, refused }
    refused.push({ attempt, problem: reply.problem })
    messages.push(
      { role: 'assistant', content: answer.text.slice(0, REPEATED_CHARACTERS_MAX) },
      askAgain(reply.problem),
    )
  }
  const last = refused.at(-1)!.problem
  return {
    ok: false,
    problem: `judge ${judge.model} gave no answer that can be used in ${JUDGE_TRIES_MAX} tries: ${last}`,
    refused,
  }

  async function askOnce(): Promise<{ ok: true; text: string } | { ok: false; problem: string }> {
    const timeUp = AbortSignal.timeout(judge.seconds * 1_000)
    try {
      const text = await ask(
        {
          model: judge.model,
          temperature: judge.temperature,
          max_tokens: judge.maxOutputTokens,
          response_format: { type: 'json_object' },
          messages: [...messages],
        },
        AbortSignal.any([signal, timeUp]),
      )
      return { ok: true, text }
    } catch (error) {
      signal.throwIfAborted()
      if (timeUp.aborted) return { ok: false, problem: `it did not answer within ${judge.seconds} s` }
      return { ok: false, problem: (error as Error).message.slice(0, PROBLEM_CHARACTERS_MAX) }
    }
  }
}
