import type { BourseEnvironment } from '../shared/config/environment.ts'
import { areTokensUsedUp } from '../shared/db/leases/lease-tokens-left.ts'
import type { Database } from '../shared/db/pool.ts'
import type { ServerAddress } from '../shared/execution/lease-access.ts'
import type { ExecutionRunner } from '../shared/execution/run-execution.ts'
import type { Identity } from '../shared/identity/identity.ts'

const NATS_PORT = 4222
const ANY_ADDRESS = ['0.0.0.0', '::']

/** How a worker lets programs in to the servers it knows itself: by a token of the lease, which ends with it. */
export function leaseAccess(
  environment: Pick<BourseEnvironment, 'nats' | 'llm'>,
  { identity, db }: { identity: Identity; db: Database },
): Pick<ExecutionRunner, 'open' | 'close'> {
  const nats = natsAddressOf(environment)
  const proxy = proxyAddressOf(environment)
  return {
    async open({ marketId, leaseId }) {
      const issued = await identity.issueLeaseToken({ marketId, leaseId, agent: null, actor: 'execution' })
      if (!issued.ok) throw new Error(issued.error.message)
      return { token: issued.token, nats, llm: proxy }
    },
    close: async ({ leaseId }) => ({ tokensUsedUp: await areTokensUsedUp(db, leaseId) }),
  }
}

/** Where programs reach NATS. */
export function natsAddressOf({ nats: { servers } }: Pick<BourseEnvironment, 'nats'>): ServerAddress {
  return addressOf(servers[0]!, NATS_PORT)
}

/** Where programs reach the proxy for language models. Port 0 is a proxy's own choice: then nobody said where it is. */
export function proxyAddressOf({ llm }: Pick<BourseEnvironment, 'llm'>): ServerAddress | null {
  if (llm.port === 0) return null
  return { ...llm, host: ANY_ADDRESS.includes(llm.host) ? '127.0.0.1' : llm.host }
}

function addressOf(url: string, usualPort: number): ServerAddress {
  const { hostname, port } = new URL(url)
  // A literal IPv6 address stands in brackets in a URL and without them in a connection.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usualPort : Number(port) }
}
