import { executionWorkflowId, signals } from '../../shared/contracts/workflows.ts'
import { explainError } from '../explain-error.ts'
import { note } from '../show/answer.ts'
import type { Servers } from '../stack/servers.ts'
import { callTemporal } from './call-temporal.ts'

/**
 * Tells the workflow of a program, whose stop is stored already, to end it at once. What was not started yet reads the
 * request when it begins, so a workflow that cannot be told is worth a word only when the program runs.
 */
export async function tellExecutionToStop(
  servers: Servers,
  leaseId: string,
  isRunning: boolean,
): Promise<void> {
  const client = await servers.temporal()
  const handle = client.workflow.getHandle(executionWorkflowId(leaseId))
  await callTemporal(client, () => handle.signal(signals.stop)).catch(error => {
    if (isRunning) note(`its worker was not told at once: ${explainError(error).message}`)
  })
}
