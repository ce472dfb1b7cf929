import { findOverdueMarkets } from '../shared/db/market/overdue-markets.ts'
import type { Database } from '../shared/db/pool.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { doRounds } from './do-rounds.ts'

const SWEEP_INTERVAL_MS = 1_000

/**
 * Until `signal` aborts, repeats the hint for markets that should have looked for work and did not: a process that
 * died between its commit and its hint stops no market.
 */
export function sweepOverdueMarkets(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  return doRounds(
    {
      async round() {
        for (const marketId of await findOverdueMarkets(db)) {
          log.debug({ market: marketId }, 'overdue: hint repeated')
          await hint(marketId)
        }
        return SWEEP_INTERVAL_MS
      },
      trouble: 'the sweep could not read the database; it tries again',
      afterTroubleMs: SWEEP_INTERVAL_MS,
      log,
    },
    signal,
  )
}
