import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SuiteState } from '../../shared/contracts/workflows.ts'
import { startRun } from './benchmark-runs.ts'
import { LOOK_THEN_BID, SCARCITY } from './benchmark-scenarios.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'
import { workerFleet } from './worker-fleet.ts'

const TASK_QUEUE = `benchmark-killed-${Date.now().toString(36)}`
const RUN_ID = `killed-${Date.now().toString(36)}`
const WAIT_MS = 200_000
const fleet = workerFleet(TASK_QUEUE)
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  await fleet.stopAll()
  await test.close()
})

describe('a suite whose worker is killed', () => {
  it(
    'is seen through by another worker, and no agent runs twice in one market',
    async () => {
      const first = await fleet.start()
      const { store, handle } = await startRun(test, RUN_ID, {
        scenarios: [LOOK_THEN_BID, SCARCITY],
        agent: { function: 'reference' },
        request: { trials: 2, parallel: 4 },
        taskQueue: TASK_QUEUE,
      })
      await eventually(async () => (await store.listTrials(RUN_ID)).some(trial => trial.status === 'running'))
      const second = fleet.start()
      first.kill('SIGKILL')
      await second
      const state = (await handle.result()) as SuiteState
      expect(state).toMatchObject({ trials: 4, done: { passed: 4 } })
      const { rows } = await test.db.query(
        `select t.market_id, t.attempt, t.problem, count(*) filter (where o.type = 'agent_token_issued') as entered
         from scenario_trials t
         join event_batches b using (market_id) join outbox o using (batch_id)
        where t.run_id = $1 group by 1, 2, 3`,
        [RUN_ID],
      )
      expect(rows.length).toBeGreaterThanOrEqual(4)
      expect(rows.every(row => Number(row.entered) <= 1)).toBe(true)
      expect(rows.filter(row => row.problem === null)).toHaveLength(4)
    },
    WAIT_MS,
  )
})
