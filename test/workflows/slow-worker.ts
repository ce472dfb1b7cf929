import { setTimeout as delay } from 'node:timers/promises'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { runMarketWorker } from '../../workers/run-market-worker.ts'

const SETTLEMENT_MS = 3_000

/** A market worker whose settlements take seconds, and which says when one has begun; it stops when it is asked to. */
const stopped = new AbortController()
process.once('SIGTERM', () => stopped.abort())
await runMarketWorker(loadEnvironment(process.env), {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
  around: {
    economy: economy => ({
      ...economy,
      async settleCycle(marketId, cycle) {
        process.send?.('settling')
        await delay(SETTLEMENT_MS)
        return await economy.settleCycle(marketId, cycle)
      },
    }),
  },
})
process.disconnect()
