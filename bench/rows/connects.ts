import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { runScript } from '../gateway/run-script.ts'
import { startWorker } from '../gateway/start-worker.ts'
import type { Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median } from '../timing.ts'

const CONNECTIONS = 500
const AT_ONCE = 8
const ROUNDS = 3

/** How fast agents come in: a look into Postgres, two signatures and a round trip between NATS and the identity process. */
export const connects: Row = {
  name: 'connections to NATS that agents make by their tokens',
  baseline: 'connections of a user whose password the server knows',
  target: { atLeast: 0.3 },
  unit: 'connections/s',
  async measure(bench) {
    const market = await createBenchMarket(bench, 'connects', 1)
    const issued = await createPostgresIdentity(bench.db, async () => {}).issueAgentToken({
      marketId: market,
      agent: 'a0',
      graceSeconds: 0,
      actor: 'bench',
    })
    if (!issued.ok) throw new Error(issued.error.message)
    const endIdentity = await startWorker(bench, 'identity')
    const baseline: number[] = []
    const measured: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const rate = async (token: string) =>
        (await runScript(bench, 'connects.ts', [token, CONNECTIONS, AT_ONCE]))[0]!
      baseline.push(await rate('-'))
      measured.push(await rate(issued.token))
      bench.progress(`${Math.round(measured.at(-1)!)} connections/s by token`)
    }
    await endIdentity()
    return { baseline: median(baseline), measured: median(measured), detail: `${AT_ONCE} at a time` }
  },
}
