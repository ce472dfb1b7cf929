import { type Refusal, refuse } from './refusal.ts'

/** What an operation answered when its key was first used, and whether it was asked for the same then. */
export interface FirstOutcome {
  sameContent: boolean
  outcome: unknown
}

/** A replay answers what was answered first; other content under the same key is refused. */
export function answerAgain<T>(first: FirstOutcome, key: string): T | Refusal {
  if (first.sameContent) return first.outcome as T
  const message = `the key ${JSON.stringify(key)} was used before for something else`
  return refuse('idempotency_conflict', message, 'key')
}

/** An operation's content as JSON with sorted keys: the same for two that ask for the same. */
export function contentText(content: unknown): string {
  return JSON.stringify(content, sortedKeys)
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
