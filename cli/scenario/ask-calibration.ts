import { randomBytes } from 'node:crypto'
import { type AskModel, askJudge } from '../../shared/benchmark/ask-judge.ts'
import type { Judge } from '../../shared/benchmark/judge.ts'
import type { CalibrationCase, JudgedCase } from '../../shared/scenario/calibration.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'

const CASES_AT_ONCE = 4
const NEVER = new AbortController().signal

export interface AskedCalibration {
  scores: Map<string, JudgedCase>
  /** By transcript, why it has no scores. */
  problems: Map<string, string>
}

/** Asks a judge for the scores of every transcript, as it is asked in a trial: three tries each, the same prompt. */
export async function askCalibration(
  ask: AskModel,
  judge: Judge,
  cases: readonly CalibrationCase[],
  scenarios: ReadonlyMap<string, Scenario>,
  onScored: (done: number) => void,
): Promise<AskedCalibration> {
  const asked: AskedCalibration = { scores: new Map(), problems: new Map() }
  const waiting = [...cases]
  const askInTurn = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const scenario = scenarios.get(next.scenario)
      if (scenario === undefined) throw new Error(`${next.id}: there is no scenario ${next.scenario}`)
      const boundary = `=====${randomBytes(16).toString('hex')}=====`
      const outcome = await askJudge(ask, judge, scenario, next.transcript, boundary, NEVER)
      if (outcome.ok) {
        const given = outcome.scores.criteria.map(({ criterion, score }) => [criterion, score])
        asked.scores.set(next.id, Object.fromEntries(given))
      } else asked.problems.set(next.id, outcome.problem)
      onScored(asked.scores.size + asked.problems.size)
    }
  }
  await Promise.all(Array.from({ length: CASES_AT_ONCE }, askInTurn))
  return asked
}

/** A judge behind an OpenAI-compatible address: an upstream, or the LLM proxy with a lease's token as its key. */
export function judgeAt(baseUrl: string, key: string | undefined): AskModel {
  return async (request, signal) => {
    const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(request),
      signal,
    })
    if (!response.ok) throw new Error(`${baseUrl} answered ${response.status}`)
    const body = (await response.json()) as { choices?: { message?: { content?: unknown } }[] }
    const content = body.choices?.[0]?.message?.content
    return typeof content === 'string' ? content : ''
  }
}
