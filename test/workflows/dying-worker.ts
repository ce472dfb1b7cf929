import { loadEnvironment } from '../../shared/config/environment.ts'
import { runMarketWorker } from '../../workers/run-market-worker.ts'

/** A market worker that is killed after it settled a cycle and before Temporal hears of it. */
await runMarketWorker(loadEnvironment(process.env), {
  signal: new AbortController().signal,
  onReady: () => process.send?.('ready'),
  around: {
    economy: economy => ({
      ...economy,
      async settleCycle(marketId, cycle) {
        const outcome = await economy.settleCycle(marketId, cycle)
        process.kill(process.pid, 'SIGKILL')
        return outcome
      },
    }),
  },
})
