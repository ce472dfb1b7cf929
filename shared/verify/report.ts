import type { AuditFinding } from '../db/audit/audit.ts'
import type { StreamComparison } from './compare-stream.ts'

/** One thing that was looked at in one market. */
export interface Check {
  name: string
  market: string
  ok: boolean
  /** How many things were looked at. */
  checked: number
  /** What is wrong with the first of them, or what is worth knowing. */
  detail: string | null
}

export interface VerifyReport {
  ok: boolean
  checks: Check[]
}

export const STREAM_CHECK = 'every event is in the stream, in order, once'

/** What an audit of Postgres found, as a check. */
export function checkOfFinding({ name, marketId, checked, wrong, examples }: AuditFinding): Check {
  return { name, market: marketId, ok: wrong === 0, checked, detail: detailOf(wrong, examples) }
}

/** The first things that are wrong, and how many more there are; null when nothing is. */
export function detailOf(wrong: number, examples: readonly string[]): string | null {
  if (wrong === 0) return null
  const more = wrong - examples.length
  return more > 0 ? `${examples.join('; ')}; and ${more} more` : examples.join('; ')
}

/** What the comparison of a stream with its events in Postgres found, as a check. */
export function checkOfStream(market: string, comparison: StreamComparison): Check {
  const { found, copies, strangers, problem } = comparison
  const notes = [
    problem,
    copies > 0 ? `${copies} told more than once` : null,
    strangers > 0 ? `${strangers} messages are no events and were passed over` : null,
  ].filter(note => note !== null)
  return {
    name: STREAM_CHECK,
    market,
    ok: problem === null,
    checked: found,
    detail: notes.length === 0 ? null : notes.join('; '),
  }
}

/** All checks, in the order of their markets. */
export function reportOf(marketIds: readonly string[], checks: readonly Check[]): VerifyReport {
  const byMarket = Map.groupBy(checks, check => check.market)
  return {
    ok: checks.every(check => check.ok),
    checks: marketIds.flatMap(marketId => byMarket.get(marketId) ?? []),
  }
}
