import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { runScript } from '../gateway/run-script.ts'
import { startWorker } from '../gateway/start-worker.ts'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median } from '../timing.ts'

const AGENTS = 100
const BIDS = 1_500
const FLOOD_REQUESTS_PER_SECOND = 10_000
const FLOOD_SECONDS = 60
const ROUNDS = 3

/** What others wait for the verdicts of their bids while one agent floods the gateway with nonsense. */
export function floodOverNats(connections: number): Row {
  const from = connections === 1 ? 'one connection' : `${connections} connections tried by one agent`
  return {
    name: `others' p99 over NATS under a flood of ${FLOOD_REQUESTS_PER_SECOND} invalid bids/s from ${from}`,
    baseline: 'the same without the flood',
    target: { atMost: 1.5 },
    unit: 'ms',
    async measure(bench) {
      const baseline: number[] = []
      const measured: number[] = []
      const ends = [await startWorker(bench, 'identity'), await startWorker(bench, 'gateway')]
      for (let round = 0; round < ROUNDS; round++) {
        const market = await createBenchMarket(bench, 'natsflood', AGENTS)
        const othersP99 = async () =>
          (await runScript(bench, 'easy-requests.ts', [market, AGENTS, BIDS, 'market.bid']))[1]!
        baseline.push(await othersP99())
        const endFlood = await startFlood(bench, market, connections)
        measured.push(await othersP99())
        await endFlood()
        bench.progress(
          `${baseline.at(-1)!.toFixed(2)} ms without, ${measured.at(-1)!.toFixed(2)} ms with the flood`,
        )
      }
      for (const end of ends) await end()
      return { baseline: median(baseline), measured: median(measured) }
    },
  }
}

/** Returns once the flooding agent's connections are open; what is returned ends the flood. */
async function startFlood({ db, natsUrl }: Bench, marketId: string, connections: number) {
  const identity = createPostgresIdentity(db, async () => {})
  const issued = await identity.issueAgentToken({ marketId, agent: 'a0', graceSeconds: 0, actor: 'bench' })
  if (!issued.ok) throw new Error(issued.error.message)
  const script = fileURLToPath(new URL('../gateway/flooder.ts', import.meta.url))
  const asked = [marketId, 'a0', issued.token, connections, FLOOD_REQUESTS_PER_SECOND, FLOOD_SECONDS]
  const flooder = fork(script, asked.map(String), {
    env: { ...process.env, BOURSE_NATS_URL: natsUrl },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(flooder, 'message')
  return async () => {
    flooder.kill('SIGTERM')
    await once(flooder, 'exit')
  }
}
