import { Client, type ClientInterceptors, Connection } from '@temporalio/client'
import type { BourseEnvironment } from '../config/environment.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Without a deadline the client retries a refused call for minutes. */
const RPC_DEADLINE_MS = 30_000

/** Options of a Temporal connection, for the client and the worker alike. */
export function temporalConnectionOptions(temporal: BourseEnvironment['temporal']) {
  return {
    address: temporal.address,
    tls: temporal.tls,
    ...(temporal.apiKey === undefined ? {} : { apiKey: temporal.apiKey }),
  }
}

/**
 * Connects to Temporal; throws when it cannot be reached. Close it with `client.connection.close()`. `interceptors`
 * are those of the process's telemetry.
 */
export async function connectTemporal(
  temporal: BourseEnvironment['temporal'],
  interceptors: ClientInterceptors = {},
): Promise<Client> {
  const connection = await Connection.connect({
    ...temporalConnectionOptions(temporal),
    connectTimeout: CONNECT_TIMEOUT_MS,
  })
  return new Client({ connection, namespace: temporal.namespace, interceptors })
}

/** Runs a client call with the deadline that every call has. */
export async function withDeadline<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return await client.connection.withDeadline(Date.now() + RPC_DEADLINE_MS, call)
}
