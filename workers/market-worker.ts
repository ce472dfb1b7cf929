import { loadEnvironment } from '../shared/config/environment.ts'
import { environmentOrExit } from './environment-or-exit.ts'
import { runMarketWorker } from './run-market-worker.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

await runMarketWorker(environmentOrExit(loadEnvironment), {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
})
if (process.connected) process.disconnect()
