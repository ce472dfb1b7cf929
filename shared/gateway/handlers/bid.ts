import { readAgentBid } from '../../db/bids/list-bids.ts'
import type { Database } from '../../db/pool.ts'
import { refuse } from '../../economy/refusal.ts'
import type { bidOperations } from '../../rpc/bid.ts'
import type { HandlersOf } from '../../rpc/operation.ts'

/** Answers the operations on single bids. */
export function createBidHandlers({ db }: { db: Database }): HandlersOf<typeof bidOperations> {
  return {
    'bid.get': async ({ marketId, agent }, { bidId }) => {
      const bid = await readAgentBid(db, marketId, agent, bidId)
      if (bid === null) {
        return refuse('unknown_bid', `agent ${agent} has no bid ${bidId} in market ${marketId}`, 'bidId')
      }
      return { ok: true, ...bid }
    },
  }
}
