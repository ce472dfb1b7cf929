import { setTimeout as delay } from 'node:timers/promises'
import { findOverdueMarkets } from '../shared/db/market/overdue-markets.ts'
import type { Database } from '../shared/db/pool.ts'
import type { Logger } from '../shared/telemetry/log.ts'

const SWEEP_INTERVAL_MS = 1_000

/**
 * Until `signal` aborts, repeats the hint for markets that should have looked for work and did not: a process that
 * died between its commit and its hint stops no market.
 */
export async function sweepOverdueMarkets(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const marketId of await findOverdueMarkets(db)) {
        log.debug({ market: marketId }, 'overdue: hint repeated')
        await hint(marketId)
      }
    } catch (error) {
      log.warn({ err: error }, 'the sweep could not read the database; it tries again')
    }
    await delay(SWEEP_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}
