import { changeMarket, stepMarket } from '../../cli/temporal/market-workflow.ts'
import { priceScheduleId } from '../../shared/contracts/workflows.ts'
import type { CycleSummary, PriceTick } from '../../shared/economy/economy.ts'
import type { Load, Scene } from './load.ts'

const OPERATOR = 'operator'
const PAUSED_MS_MAX = 1_500

/** Pauses a market, looks whether it is, and lets it go on again. */
export const pauses: Load = {
  name: 'pauses and resumes',
  everyMs: 8_000,
  async act(scene) {
    await change(scene, 'pause')
    await scene.pause(scene.random.below(PAUSED_MS_MAX))
    await change(scene, 'resume')
  },
}

/** An acknowledged change answers the status that was read back after it. */
async function change(scene: Scene, wish: 'pause' | 'resume') {
  const { market, doors } = scene
  await scene.doOnce({ kind: 'status', agent: OPERATOR, mark: wish }, async () => {
    await changeMarket(doors.temporal, doors.taskQueue, market, wish)
    const found = await doors.economy.findMarket(market)
    return found.ok ? { acknowledged: found.status } : { refused: found.error.code }
  })
}

/** Runs a cycle now, by an update of the market's workflow. */
export const steps: Load = {
  name: 'steps',
  everyMs: 5_000,
  async act(scene) {
    const { market, doors } = scene
    await scene.doOnce({ kind: 'step', agent: OPERATOR, mark: '' }, async () =>
      cycleAnswer(await stepMarket(doors.temporal, doors.taskQueue, market)),
    )
  },
}

/** Runs a cycle by a workflow of its own, as from the Temporal UI. */
export const cyclesByHand: Load = {
  name: 'cycles by hand',
  everyMs: 6_000,
  async act(scene) {
    const { market, doors, history } = scene
    const workflowId = `by-hand/${market}/${history.nextSerial()}`
    await scene.doOnce({ kind: 'cycle', agent: OPERATOR, mark: '' }, async () =>
      cycleAnswer(
        await doors.temporal.workflow.execute<(input: { marketId: string }) => Promise<CycleSummary>>(
          'allocationCycle',
          { workflowId, taskQueue: doors.taskQueue, args: [{ marketId: market }] },
        ),
      ),
    )
  },
}

/** Moves prices now, by a workflow that the schedule's own may meet. */
export const ticks: Load = {
  name: 'price ticks',
  everyMs: 5_000,
  async act(scene) {
    const { market, doors } = scene
    await scene.doOnce({ kind: 'tick', agent: OPERATOR, mark: '' }, async () => {
      const ticked = await doors.temporal.workflow.execute<
        (input: { marketId: string }) => Promise<PriceTick>
      >('priceUpdate', {
        workflowId: priceScheduleId(market),
        taskQueue: doors.taskQueue,
        args: [{ marketId: market }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      })
      return { acknowledged: String(ticked.tick) }
    })
  },
}

/** What an acknowledged cycle said, to be compared with what is stored. */
export function describeOutcome(cycle: {
  cycle: number
  winners: number
  losers: number
  revenue: string
}): string {
  return `cycle ${cycle.cycle}: ${cycle.winners} won, ${cycle.losers} lost, ${cycle.revenue} credits`
}

function cycleAnswer(cycle: CycleSummary) {
  return { acknowledged: describeOutcome(cycle) }
}
