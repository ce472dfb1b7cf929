import { setTimeout as delay } from 'node:timers/promises'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { queries, type SuiteState, suiteWorkflowId } from '../../shared/contracts/workflows.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'
import { note } from '../show/answer.ts'
import { callTemporal } from '../temporal/call-temporal.ts'

const LOOK_MS = 500
const BAR_CELLS = 24

/**
 * Has a run's workflow see it through, or goes on watching one that does; Ctrl-C cancels it cleanly, a second one leaves it
 * to itself.
 */
export async function seeThrough(
  client: Client,
  taskQueue: string,
  input: { runId: string; rejudge?: boolean },
): Promise<SuiteState> {
  const { runId } = input
  const handle = await startSuite(client, taskQueue, input)
  const cancel = () => {
    note(`cancelling run ${runId}; \`bourse scenario run --resume ${runId}\` goes on with it.`)
    void handle.cancel().catch(() => {})
  }
  process.once('SIGINT', cancel)
  const over = new AbortController()
  const showing = showProgress(handle, over.signal)
  try {
    return await handle.result()
  } catch (error) {
    if ((error as Error).name !== 'WorkflowFailedError') throw error
    const cause = (error as { cause?: Error }).cause
    if (cause?.name !== 'CancelledFailure') throw error
    throw new CommandFailure(
      { code: 'cancelled', message: `run ${runId} was cancelled`, runId },
      EXIT_UNUSABLE,
    )
  } finally {
    process.off('SIGINT', cancel)
    over.abort()
    await showing
  }
}

async function startSuite(
  client: Client,
  taskQueue: string,
  input: { runId: string; rejudge?: boolean },
): Promise<WorkflowHandle> {
  const { runId } = input
  const workflowId = suiteWorkflowId(runId)
  try {
    return await callTemporal(client, () =>
      client.workflow.start('benchmarkSuite', {
        workflowId,
        taskQueue,
        args: [input],
        staticSummary: `benchmark run ${runId}`,
      }),
    )
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return client.workflow.getHandle(workflowId)
  }
}

/** Whether a workflow of a run is running now. */
export async function isUnderWay(client: Client, runId: string): Promise<boolean> {
  try {
    const { status } = await callTemporal(client, () =>
      client.workflow.getHandle(suiteWorkflowId(runId)).describe(),
    )
    return status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

/** A bar on a terminal; else a line whenever a trial is over. On stderr, whatever the answer's form. */
async function showProgress(handle: WorkflowHandle, signal: AbortSignal): Promise<void> {
  const isTerminal = process.stderr.isTTY
  let told = 0
  while (!signal.aborted) {
    const state = await handle.query<SuiteState>(queries.state).catch(() => null)
    if (state !== null && !signal.aborted) {
      if (isTerminal) process.stderr.write(`\r\x1b[K${progressBar(state)}`)
      else if (trialsOver(state) > told) note(progressLine(state))
      told = trialsOver(state)
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => {})
  }
  if (isTerminal) process.stderr.write('\r\x1b[K')
}

/** How far a run is, as a bar and what runs now. */
export function progressBar(state: SuiteState): string {
  const { trials, running } = state
  const full = trials === 0 ? 0 : Math.floor((BAR_CELLS * trialsOver(state)) / trials)
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}`
  return `[${bar}] ${progressLine(state)}  ${running.slice(0, 3).join(' ')}`
}

/** How far a run is, in one line. */
export function progressLine(state: SuiteState): string {
  const { trials, done } = state
  const other = done.infrastructure + done.cancelled + done.not_run
  const without = other > 0 ? `, ${other} without a verdict` : ''
  return `${trialsOver(state)}/${trials} trials over: ${done.passed} passed, ${done.failed} failed${without}`
}

function trialsOver({ done }: SuiteState): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0)
}
