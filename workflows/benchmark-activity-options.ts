import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { BenchmarkActivities } from '../activities/benchmark-activities.ts'
import { benchmarkTaskQueue } from '../shared/contracts/workflows.ts'

/** A worker that says nothing for so long is gone. */
const HEARTBEAT_TIMEOUT = '10 seconds'
/** A step that fails so often in a row is given up: then the trial ends without a verdict, and can be resumed. */
const TRIES_MAX = 12
/** Beyond an agent's own time: for preparing, cutting it off, and what it left open. */
const AROUND_AGENT_SECONDS = 60

/** The steps of trials and suites. */
export function benchmarkSteps() {
  return proxyActivities<BenchmarkActivities>({
    taskQueue: benchmarkTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 ms', maximumInterval: '10 seconds', maximumAttempts: TRIES_MAX },
  })
}

/** The step that runs an agent: cancelled, it tells how the agent ended before it is over. */
export function agentStep(secondsMax: number) {
  return proxyActivities<BenchmarkActivities>({
    taskQueue: benchmarkTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: (secondsMax + AROUND_AGENT_SECONDS) * 1_000,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 ms', maximumInterval: '5 seconds', maximumAttempts: TRIES_MAX },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  })
}
