import type { BourseEnvironment } from '../shared/config/environment.ts'
import type { ServerAddress } from '../shared/execution/lease-access.ts'
import type { ExecutionRunner } from '../shared/execution/run-execution.ts'

const NATS_PORT = 4222

/** How a worker lets programs in to the servers it knows itself. */
export function leaseAccess(environment: BourseEnvironment): Pick<ExecutionRunner, 'open' | 'close'> {
  const nats = addressOf(environment.nats.servers[0]!, NATS_PORT)
  return {
    open: async () => ({ token: null, nats, llm: null }),
    close: async () => ({ tokensUsedUp: false }),
  }
}

function addressOf(url: string, usualPort: number): ServerAddress {
  const { hostname, port } = new URL(url)
  // A literal IPv6 address stands in brackets in a URL and without them in a connection.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usualPort : Number(port) }
}
