import { startScriptedUpstream } from './scripted-upstream/server.ts'

/** A scripted upstream as a process of its own: `scripted-upstream.ts [port] [script as JSON]`. */
const [port = '0', script = '[{"does": "answer"}]'] = process.argv.slice(2)
const upstream = await startScriptedUpstream({ port: Number(port), script: JSON.parse(script) })
process.stderr.write(`the scripted upstream answers at ${upstream.baseUrl}\n`)
process.send?.({ baseUrl: upstream.baseUrl })
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void upstream.close())
process.once('disconnect', () => void upstream.close())
