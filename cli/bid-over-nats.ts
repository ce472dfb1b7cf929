import type { BidVerdict } from '../shared/bid/admission.ts'
import { createAgentClient } from '../shared/rpc/client.ts'
import type { RequestOf } from '../shared/rpc/operations.ts'
import { inboxPrefix } from '../shared/rpc/subjects.ts'
import { outOfReach } from './command-failure.ts'
import type { Servers } from './stack/servers.ts'

const ANSWER_WAIT_MS = 15_000

/** Places a bid as the agent itself would, by a request to the gateway. */
export async function bidOverNats(
  servers: Servers,
  of: { marketId: string; agent: string },
  bid: object,
): Promise<BidVerdict> {
  const { connectBus } = await import('../shared/bus/connect.ts')
  const { tracedConnection } = await import('../shared/bus/requests.ts')
  const prefix = inboxPrefix(of.marketId, of.agent)
  const bus = await connectBus({ ...servers.environment().nats, inboxPrefix: prefix }, 'bourse cli bid')
  try {
    const client = createAgentClient(tracedConnection(bus), of)
    const options = { timeoutMs: ANSWER_WAIT_MS }
    return (await client.request('market.bid', bid as RequestOf<'market.bid'>, options)) as BidVerdict
  } catch (error) {
    const problem = (error as Error).message
    throw outOfReach(
      'no_gateway',
      `No gateway answered (${problem}): is one running? \`bourse status\` shows it.`,
    )
  } finally {
    await bus.close()
  }
}
