import { type Check, type MarketEvidence, resultOf } from '../evidence.ts'
import type { MetEvent } from '../watch/collected.ts'

/** Compares what a reader met with what was written. */
function compare(market: string, where: string, written: readonly MetEvent[], met: readonly MetEvent[]) {
  const counts = {
    written: written.length,
    met: met.length,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    unexpected: 0,
  }
  const problems: string[] = []
  const idOf = new Map(written.map(({ seq, eventId }) => [seq, eventId]))
  const seen = new Set<number>()
  let highest = 0
  const tell = (what: string) => problems.push(`market ${market}: ${what} ${where}`)
  for (const { seq, eventId } of met) {
    if (idOf.get(seq) !== eventId) {
      counts.unexpected += 1
      tell(`event ${seq} is ${eventId}, which is not the one written,`)
      continue
    }
    if (seen.has(seq)) {
      counts.duplicated += 1
      tell(`event ${seq} comes again`)
    } else if (seq < highest) {
      counts.reordered += 1
      tell(`event ${seq} comes after event ${highest}`)
    }
    seen.add(seq)
    highest = Math.max(highest, seq)
  }
  for (const { seq } of written) {
    if (seen.has(seq)) continue
    counts.lost += 1
    tell(`event ${seq} is missing`)
  }
  return { counts, problems }
}

function overAll(
  name: string,
  markets: readonly MarketEvidence[],
  where: string,
  of: 'collected' | 'stored',
) {
  const total: Record<string, number> = {}
  const problems: string[] = []
  for (const one of markets) {
    const compared = compare(one.market, where, one.written, one[of])
    for (const [count, value] of Object.entries(compared.counts)) total[count] = (total[count] ?? 0) + value
    problems.push(...compared.problems)
  }
  return resultOf(name, total, problems)
}

/** A collector that was killed and frozen met every event once, in order. */
export const eventsAtCollector: Check = ({ markets }) =>
  overAll('every event is at the collector, once and in order', markets, 'at the collector', 'collected')

/** The stream holds every event once, in order, whatever its publishers went through. */
export const eventsInStream: Check = ({ markets }) =>
  overAll('every event is in the stream, once and in order', markets, 'in the stream', 'stored')
