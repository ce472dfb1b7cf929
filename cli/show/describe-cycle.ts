import type { CycleSummary } from '../../shared/economy/economy.ts'
import { describeFractions } from './describe-bundle.ts'
import { renderFacts, renderTable } from './table.ts'

/** One cycle for people. */
export function describeCycle(cycle: CycleSummary): string {
  return renderFacts([
    ['cycle', cycle.cycle],
    ['at', cycle.effectiveAt],
    ['winners', cycle.winners],
    ['losers', cycle.losers],
    ['left waiting', cycle.leftWaiting],
    ['revenue', cycle.revenue],
    ['utilisation', describeFractions(cycle.utilisation)],
    ['prices', cycle.priceSource],
  ])
}

/** Cycles as a table, one a row. */
export function describeCycles(cycles: readonly CycleSummary[]): string {
  return renderTable(
    [
      { right: 'cycle' },
      'at',
      { right: 'winners' },
      { right: 'losers' },
      { right: 'waiting' },
      { right: 'revenue' },
      'utilisation',
      'prices',
    ],
    cycles.map(cycle => [
      cycle.cycle,
      cycle.effectiveAt,
      cycle.winners,
      cycle.losers,
      cycle.leftWaiting,
      cycle.revenue,
      describeFractions(cycle.utilisation),
      cycle.priceSource,
    ]),
  )
}
