import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { BenchmarkActivities } from '../activities/benchmark-activities.ts'
import { benchmarkTaskQueue } from '../shared/contracts/workflows.ts'

/** A worker that says nothing for so long is gone. */
const HEARTBEAT_TIMEOUT = '10 seconds'
/** A step that fails so often in a row is given up: then the trial ends without a verdict, and can be resumed. */
const TRIES_MAX = 12
/** Beyond an agent's own time: for preparing, cutting it off, and what it left open. */
const AROUND_AGENT_SECONDS = 60

/** Three tries of the slowest judge, and what is around them. */
const JUDGING_TIMEOUT = '45 minutes'

/** The steps of trials and suites. One that is cancelled is waited for: what it made is then cleaned up. */
export function benchmarkSteps() {
  return stepsWithin('10 minutes')
}

/** The steps that ask judges. */
export function judgeSteps() {
  return stepsWithin(JUDGING_TIMEOUT)
}

function stepsWithin(startToCloseTimeout: '10 minutes' | typeof JUDGING_TIMEOUT) {
  return proxyActivities<BenchmarkActivities>({
    taskQueue: benchmarkTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 ms', maximumInterval: '10 seconds', maximumAttempts: TRIES_MAX },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
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
