import type { Handlers } from '../../rpc/operations.ts'
import { createBidBatches } from '../bid-batches.ts'
import { createAttentionHandlers } from './attention.ts'
import { createBidHandlers } from './bid.ts'
import { createCodeHandlers } from './code.ts'
import { createEconomicHandlers } from './economic.ts'
import { createLeaseHandlers } from './lease.ts'
import { createLifeHandlers } from './life.ts'
import { createMarketHandlers } from './market.ts'
import { createOutputHandlers } from './output.ts'
import type { HandlerParts } from './parts.ts'
import { createServiceHandlers } from './service.ts'
import { createSocialHandlers } from './social.ts'
import { createTaskHandlers } from './task.ts'
import { createTraceHandlers } from './trace.ts'

/** A handler for every operation. */
export function createHandlers(parts: HandlerParts): Handlers {
  const admitInBatch = createBidBatches(parts.admission.admitBids)
  return {
    ...createTaskHandlers(parts),
    ...createEconomicHandlers(parts),
    ...createMarketHandlers({ ...parts, admitInBatch }),
    ...createBidHandlers(parts),
    ...createLeaseHandlers(parts),
    ...createAttentionHandlers(parts),
    ...createLifeHandlers(parts),
    ...createSocialHandlers(parts),
    ...createServiceHandlers(parts),
    ...createTraceHandlers(parts),
    ...createOutputHandlers(parts),
    ...createCodeHandlers(parts),
  }
}
