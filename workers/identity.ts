import { loadIdentityEnvironment } from '../shared/config/environment.ts'
import { runIdentity } from './run-identity.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

await runIdentity(loadIdentityEnvironment(process.env), {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
})
if (process.connected) process.disconnect()
