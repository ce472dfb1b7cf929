import { loadGatewayEnvironment } from '../shared/config/environment.ts'
import { environmentOrExit } from './environment-or-exit.ts'
import { runGateway } from './run-gateway.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

await runGateway(environmentOrExit(loadGatewayEnvironment), {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
})
if (process.connected) process.disconnect()
