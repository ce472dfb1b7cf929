import { loadEnvironment } from '../shared/config/environment.ts'
import { readLlmSetup } from './read-llm-setup.ts'
import { runLlmProxy } from './run-llm-proxy.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

await runLlmProxy(loadEnvironment(process.env), readLlmSetup(process.env), {
  signal: stopped.signal,
  onReady: url => {
    process.send?.({ url })
    process.send?.('ready')
  },
})
if (process.connected) process.disconnect()
