import type { Attention } from '../../attention/attention.ts'
import type { Database } from '../../db/pool.ts'
import type { Economy } from '../../economy/economy.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Handlers } from '../../rpc/operations.ts'
import { createBidBatches } from '../bid-batches.ts'
import { createAttentionHandlers } from './attention.ts'
import { createBidHandlers } from './bid.ts'
import { createEconomicHandlers } from './economic.ts'
import { createLeaseHandlers } from './lease.ts'
import { createMarketHandlers } from './market.ts'

/** A handler for every operation. Bids go through `admission`, whose connections nothing else uses. */
export function createHandlers(parts: {
  db: Database
  economy: Economy
  ledger: Ledger
  attention: Attention
  admission: Economy
}): Handlers {
  const admitInBatch = createBidBatches(parts.admission.admitBids)
  return {
    ...createEconomicHandlers(parts),
    ...createMarketHandlers({ ...parts, admitInBatch }),
    ...createBidHandlers(parts),
    ...createLeaseHandlers(parts),
    ...createAttentionHandlers(parts),
  }
}
