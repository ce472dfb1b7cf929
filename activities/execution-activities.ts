import { Context } from '@temporalio/activity'
import type { ExecutionOutcome, Executions } from '../shared/execution/executions.ts'
import { abandonExecution, type ExecutionRunner, runExecution } from '../shared/execution/run-execution.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import type { StartExecution } from '../shared/temporal/start-execution.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** What runs agents' programs; only workers with a sandbox offer it. */
export interface ExecutionActivities {
  runExecution(input: { leaseId: string }): Promise<ExecutionOutcome>
}

/** What surrounds executions, on every worker. */
export interface ExecutionDutyActivities {
  findExecution(input: { leaseId: string }): Promise<FoundExecution>
  /** Starts the workflows of all executions that are due, and gives back what was paid for those that were missed. */
  tendExecutions(input: { marketId: string }): Promise<void>
  abandonExecution(input: { leaseId: string }): Promise<ExecutionOutcome>
  stopExecution(input: { marketId: string; leaseId: string; actor: string }): Promise<void>
}

/** What an execution's workflow knows of it. */
export interface FoundExecution {
  marketId: string
  agent: string
  endsInMs: number
}

/** So many are started side by side, of so many that are read at once. */
const STARTS_AT_ONCE = 20
const DUE_PER_PAGE = 200

/** Makes the activity that runs programs. */
export function createExecutionActivities(runner: ExecutionRunner): ExecutionActivities {
  return {
    async runExecution({ leaseId }) {
      const { cancellationSignal } = Context.current()
      return acceptedOrFail(await runExecution(runner, leaseId, cancellationSignal)).outcome
    },
  }
}

/** Makes the activities around executions. */
export function createExecutionDutyActivities({
  executions,
  start,
  log,
}: {
  executions: Executions
  start: StartExecution
  log: Logger
}): ExecutionDutyActivities {
  return {
    async findExecution({ leaseId }) {
      const { marketId, agent, endsInMs } = acceptedOrFail(await executions.find(leaseId))
      return { marketId, agent, endsInMs }
    },
    async tendExecutions({ marketId }) {
      for (;;) {
        const due = await executions.findDue(marketId, DUE_PER_PAGE)
        for (let first = 0; first < due.length; first += STARTS_AT_ONCE) {
          const page = due.slice(first, first + STARTS_AT_ONCE)
          await Promise.all(page.map(one => start(marketId, one)))
          await executions.markRequested(
            marketId,
            page.map(one => one.leaseId),
          )
        }
        const refunded = await executions.refundMissed(marketId)
        if (refunded > 0)
          log.warn({ market: marketId, refunded }, 'leases whose programs never ran were paid back')
        if (due.length < DUE_PER_PAGE && refunded === 0) return
      }
    },
    abandonExecution: ({ leaseId }) => abandonExecution(executions, leaseId),
    async stopExecution({ marketId, leaseId, actor }) {
      // One that is over meanwhile needs no stop.
      await executions.requestStop(marketId, leaseId, actor)
    },
  }
}
