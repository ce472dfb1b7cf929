import { formatCredits } from '../../shared/money/credits.ts'
import { type Check, resultOf } from '../evidence.ts'
import { describeOutcome } from '../load/operators.ts'

/** Cycles are numbered from 1 without gaps, all settled in the end, in the order of their time, each told once. */
export const cycleGaps: Check = ({ markets }) => {
  const counts = { cycles: 0, gaps: 0, open: 0, untold: 0, toldAgain: 0 }
  const problems: string[] = []
  for (const { market, cycles, toldCycles } of markets) {
    const told = new Map<number, number>()
    for (const number of toldCycles) told.set(number, (told.get(number) ?? 0) + 1)
    let lastMs = 0
    counts.cycles += cycles.length
    for (const [place, { number, status, effectiveMs }] of cycles.entries()) {
      const name = `cycle ${number} of market ${market}`
      if (number !== place + 1) {
        counts.gaps += 1
        problems.push(`${name} stands where cycle ${place + 1} belongs`)
      }
      if (status === 'open') {
        counts.open += 1
        problems.push(`${name} was never settled`)
        continue
      }
      if (effectiveMs! < lastMs) problems.push(`${name} is effective before the one before it`)
      lastMs = effectiveMs!
      const times = told.get(number) ?? 0
      if (times === 0) counts.untold += 1
      if (times > 1) counts.toldAgain += 1
      if (times !== 1) problems.push(`${name} is told ${times} times`)
    }
  }
  return resultOf('cycles have no gaps, each is settled and told once', counts, problems)
}

/** What whoever asked for a cycle was told is what is stored. */
export const acknowledgedCycles: Check = ({ operations, markets }) => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, lost: 0 }
  const problems: string[] = []
  const stored = new Map(
    markets.map(({ market, cycles }) => [
      market,
      new Set(
        cycles.map(({ number: cycle, winners, losers, revenueMicro }) =>
          describeOutcome({ cycle, winners, losers, revenue: formatCredits(revenueMicro) }),
        ),
      ),
    ]),
  )
  for (const { kind, market, outcome, answers } of operations) {
    if (kind !== 'step' && kind !== 'cycle') continue
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome !== 'acknowledged' || stored.get(market)?.has(answers[0]!)) continue
    counts.lost += 1
    problems.push(`market ${market} answered "${answers[0]}", which is not what is stored`)
  }
  return resultOf('every cycle that was answered is stored as answered', counts, problems)
}

/** Ticks that were answered are recorded. */
export const acknowledgedTicks: Check = ({ operations, markets }) => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, recorded: 0, lost: 0 }
  const problems: string[] = []
  const recorded = new Map(markets.map(({ market, ticks }) => [market, ticks]))
  for (const ticks of recorded.values()) counts.recorded += ticks
  for (const { kind, market, outcome, answers } of operations) {
    if (kind !== 'tick') continue
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome !== 'acknowledged' || Number(answers[0]) <= (recorded.get(market) ?? 0)) continue
    counts.lost += 1
    problems.push(`market ${market} answered tick ${answers[0]}, and has ${recorded.get(market)} recorded`)
  }
  return resultOf('every price tick that was answered is recorded', counts, problems)
}
