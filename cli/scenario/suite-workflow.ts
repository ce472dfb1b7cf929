import { setTimeout as delay } from 'node:timers/promises'
import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client'
import { queries, type SuiteState, suiteWorkflowId } from '../../shared/contracts/workflows.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT_REFUSED } from '../exit-codes.ts'
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
): Promise<void> {
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
    await handle.result()
  } catch (error) {
    if ((error as Error).name !== 'WorkflowFailedError') throw error
    const cause = (error as { cause?: Error }).cause
    if (cause?.name !== 'CancelledFailure') throw error
    throw new CommandFailure(
      { code: 'cancelled', message: `run ${runId} was cancelled`, runId },
      EXIT_REFUSED,
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

/** A bar on a terminal, else nothing: the answer tells how it ended. */
async function showProgress(handle: WorkflowHandle, signal: AbortSignal): Promise<void> {
  if (!process.stderr.isTTY) return
  while (!signal.aborted) {
    const state = await handle.query<SuiteState>(queries.state).catch(() => null)
    if (state !== null && !signal.aborted) process.stderr.write(`\r\x1b[K${progressLine(state)}`)
    await delay(LOOK_MS, undefined, { signal }).catch(() => {})
  }
  process.stderr.write('\r\x1b[K')
}

/** How far a run is, in one line. */
export function progressLine({ trials, done, running }: SuiteState): string {
  const over = Object.values(done).reduce((sum, count) => sum + count, 0)
  const full = trials === 0 ? 0 : Math.floor((BAR_CELLS * over) / trials)
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}`
  const other = done.infrastructure + done.cancelled + done.not_run
  const told = `${done.passed} passed, ${done.failed} failed${other > 0 ? `, ${other} without a verdict` : ''}`
  return `[${bar}] ${over}/${trials}  ${told}  ${running.slice(0, 3).join(' ')}`
}
