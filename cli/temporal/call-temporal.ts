import type { Client } from '@temporalio/client'

/** What needs no worker is answered well within this time. */
const CALL_WAIT_MS = 10_000

/** Runs a call to Temporal, and gives it up after `waitMs`: alone, the client would try again for minutes. */
export async function callTemporal<T>(
  client: Client,
  call: () => Promise<T>,
  waitMs = CALL_WAIT_MS,
): Promise<T> {
  return await client.connection.withDeadline(Date.now() + waitMs, call)
}
