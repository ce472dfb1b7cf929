import {
  ActivityCancellationType,
  CancellationScope,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { ExecutionActivities, ExecutionDutyActivities } from '../activities/execution-activities.ts'
import {
  type ExecutionInput,
  type ExecutionResult,
  executionTaskQueue,
  executionWorkflowId,
  signals,
} from '../shared/contracts/workflows.ts'
import { invalidInput, readInput, requireWorkflowId } from './input.ts'
import { onCancelled } from './on-cancelled.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

const { findExecution, tendExecutions, abandonExecution, stopExecution } =
  proxyActivities<ExecutionDutyActivities>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '200 ms', maximumInterval: '10 seconds' },
  })

export const stop = defineSignal<[unknown?]>(signals.stop)

/** After its lease is over, a program's worker still has this long to tell how it ended. */
const FAREWELL_MS = 60_000
/** A worker that says nothing for so long is gone. */
const HEARTBEAT_TIMEOUT = '15 seconds'
const LEASE_ID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * One run of an agent's program within a lease, started when the lease was won. Some worker with a sandbox runs it
 * until it ends or the lease does. It is never run again: when its worker went away, it ends as interrupted; when no
 * worker came before the lease was over, what was paid is given back. Stopped or cancelled, the program is ended.
 */
export async function execution(input?: ExecutionInput): Promise<ExecutionResult> {
  const leaseId = readLeaseId(readInput(input, ['leaseId']).leaseId)
  requireWorkflowId(executionWorkflowId(leaseId))
  try {
    return await CancellationScope.nonCancellable(() => run(leaseId))
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function run(leaseId: string): Promise<ExecutionResult> {
  const { marketId, agent, endsInMs } = await findExecution.executeWithOptions(
    { summary: 'whose lease, until when?' },
    [{ leaseId }],
  )
  setSearchAttributes({ marketId, agent }, 'search-attributes')
  const whose = `**The program of agent ${agent} in market ${marketId}**`
  const endsAt = new Date(Date.now() + endsInMs).toISOString()
  setCurrentDetails(`${whose} waits for a worker, or runs, on lease ${leaseId} until ${endsAt}.`)
  const running = new CancellationScope()
  const stopped = async () => {
    await stopExecution.executeWithOptions({ summary: `end the program of agent ${agent}` }, [
      { marketId, leaseId, actor: 'operator' },
    ])
    running.cancel()
  }
  setHandler(stop, () => CancellationScope.nonCancellable(stopped), {
    description: 'End the program now. Takes nothing.',
  })
  onCancelled(() => void CancellationScope.nonCancellable(stopped))

  const { runExecution } = proxyActivities<ExecutionActivities>({
    taskQueue: executionTaskQueue(workflowInfo().taskQueue),
    scheduleToCloseTimeout: Math.max(0, endsInMs) + FAREWELL_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 ms', maximumInterval: '5 seconds' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `run the program of agent ${agent}`,
  })
  const outcome = await running.run(() => runExecution({ leaseId })).catch(() => giveUp(marketId, leaseId))
  setCurrentDetails(`${whose} ${describeEnd(outcome)}`)
  return outcome
}

/** Nobody ran it, or nobody came back: what began is ended, what did not is paid back. */
async function giveUp(marketId: string, leaseId: string): Promise<ExecutionResult> {
  await tendExecutions.executeWithOptions({ summary: 'pay back what never ran' }, [{ marketId }])
  return await abandonExecution.executeWithOptions({ summary: 'end it: its worker went away' }, [{ leaseId }])
}

function readLeaseId(given: unknown): string {
  const leaseId = given ?? workflowInfo().workflowId.split('/')[1]
  if (typeof leaseId !== 'string' || !LEASE_ID_PATTERN.test(leaseId)) {
    throw invalidInput('leaseId', "must be a lease's id: a UUID in small letters")
  }
  return leaseId
}

function describeEnd({ status, reason, exitCode }: ExecutionResult): string {
  if (status === 'missed') return 'never ran before its lease was over.'
  const code = exitCode === null ? '' : `, with exit code ${exitCode}`
  return `has ended: ${reason}${code}.`
}
