import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunStore, TrialStatus } from '../../shared/benchmark/run-store.ts'
import type { SuiteState } from '../../shared/contracts/workflows.ts'
import { bourseJson } from '../cli/run-bourse.ts'
import { PATIENCE_MS } from '../patience.ts'
import { startRun } from './benchmark-runs.ts'
import { LOOK_THEN_BID, SCARCITY } from './benchmark-scenarios.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'
import { workerFleet } from './worker-fleet.ts'

/** The same seed kills at the same points: BOURSE_TEST_SEED=<n>. */
const SEED = Number(process.env.BOURSE_TEST_SEED ?? Date.now() % 1_000_000)
const stamp = Date.now().toString(36)
const TASK_QUEUE = `benchmark-interrupted-${stamp}`
const RUN_ID = `interrupted-${stamp}`
const KILLS = 2
const TRIALS = 4
const fleet = workerFleet(TASK_QUEUE)
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  await fleet.stopAll()
  await test.close()
})

/** Points at which a worker may be killed: once so many trials were so far, or farther. */
function pointsOf(seed: number): { status: TrialStatus; trials: number }[] {
  const statuses: TrialStatus[] = ['preparing', 'running', 'ended', 'finished']
  let state = seed
  const draw = (below: number) => {
    state = (state * 48_271 + 11) % 2_147_483_647
    return state % below
  }
  return Array.from({ length: KILLS }, () => ({ status: statuses[draw(4)]!, trials: 1 + draw(TRIALS - 1) }))
}

const FAR: Record<TrialStatus, number> = { preparing: 0, running: 1, ended: 2, finished: 3 }

async function reached(store: RunStore, point: { status: TrialStatus; trials: number }): Promise<boolean> {
  const trials = await store.listTrials(RUN_ID)
  return trials.filter(trial => FAR[trial.status] >= FAR[point.status]).length >= point.trials
}

describe(`a suite whose workers are killed at random (seed ${SEED})`, () => {
  it(
    'gives the verdicts of one that was left alone, runs no agent twice in one market, and loses nothing',
    async () => {
      let worker: ChildProcess = await fleet.start()
      const { store, handle } = await startRun(test, RUN_ID, {
        scenarios: [LOOK_THEN_BID, SCARCITY],
        agent: { function: 'reference' },
        request: { trials: TRIALS / 2, parallel: TRIALS },
        taskQueue: TASK_QUEUE,
      })
      for (const point of pointsOf(SEED)) {
        await eventually(() => reached(store, point), 2 * PATIENCE_MS)
        const next = fleet.start()
        worker.kill('SIGKILL')
        worker = await next
      }
      const state = (await handle.result()) as SuiteState
      expect(state).toMatchObject({ trials: TRIALS, done: { passed: TRIALS } })
      const { rows } = await test.db.query(
        `select t.market_id, t.problem, count(*) filter (where o.type = 'agent_token_issued') as entered
           from scenario_trials t join event_batches b using (market_id) join outbox o using (batch_id)
          where t.run_id = $1 group by 1, 2`,
        [RUN_ID],
      )
      expect(rows.filter(row => Number(row.entered) > 1)).toEqual([])
      expect(rows.filter(row => row.problem === null)).toHaveLength(TRIALS)
      for (const { market_id: marketId } of rows) {
        await eventually(async () => {
          const market = await test.economy.describeMarket(marketId)
          // A publisher whose worker was killed is missed only after a while.
          return market.ok && market.status === 'closed' && market.publishedSeq === market.lastSeq
        })
        // A server that is busy may not answer in time: that says nothing of the market.
        const verified = await eventually(async () => {
          const answer = await bourseJson(['verify', marketId])
          return answer.code !== 2 && answer
        })
        const failing = verified.document.checks.filter((check: { ok: boolean }) => !check.ok)
        expect({ code: verified.code, failing }).toEqual({ code: 0, failing: [] })
      }
      const replayed = await bourseJson(['scenario', 'replay', RUN_ID])
      expect(replayed.document.items.map((one: { same: boolean }) => one.same)).toEqual(
        Array.from({ length: TRIALS }, () => true),
      )
    },
    6 * PATIENCE_MS,
  )
})
