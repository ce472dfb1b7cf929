import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runScript } from '../gateway/run-script.ts'
import { startWorker } from '../gateway/start-worker.ts'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median } from '../timing.ts'

const AGENTS = 100
const REQUESTS = 1_000
const ROUNDS = 3

/** How long an agent waits for its balance; the gateway reads it from Postgres, the echo from nowhere. */
export function gatewayReads(percentile: 50 | 99): Row {
  return {
    name: `p${percentile} of a read over NATS (economic.get_balance)`,
    baseline: 'a bare NATS echo of the same size',
    target: { atMost: 10 },
    unit: 'ms',
    async measure(bench) {
      const place = percentile === 50 ? 0 : 1
      const baseline: number[] = []
      const measured: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const market = await createBenchMarket(bench, 'reads', AGENTS)
        const ask = async () =>
          (await runScript(bench, 'easy-requests.ts', [market, AGENTS, REQUESTS, 'economic.get_balance']))[
            place
          ]!
        const endEcho = await startEcho(bench)
        baseline.push(await ask())
        await endEcho()
        const endGateway = await startWorker(bench, 'gateway')
        measured.push(await ask())
        await endGateway()
      }
      return { baseline: median(baseline), measured: median(measured) }
    },
  }
}

async function startEcho({ natsUrl }: Bench): Promise<() => Promise<void>> {
  const script = fileURLToPath(new URL('../gateway/bare-echo.ts', import.meta.url))
  const echo = fork(script, {
    env: { ...process.env, BOURSE_NATS_URL: natsUrl },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  await once(echo, 'message')
  return async () => {
    echo.kill('SIGTERM')
    await once(echo, 'exit')
  }
}
