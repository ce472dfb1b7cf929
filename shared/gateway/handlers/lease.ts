import { listAgentLeases, readLeasePlace } from '../../db/leases/list-leases.ts'
import { refuse } from '../../economy/refusal.ts'
import type { leaseOperations } from '../../rpc/lease.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { HandlerParts } from './parts.ts'
import { refuseUnknownCaller } from './unknown-caller.ts'

/** Answers the operations on leases. */
export function createLeaseHandlers({ db, identity }: HandlerParts): HandlersOf<typeof leaseOperations> {
  return {
    'lease.list': async (caller, { ended, limit, before }) => {
      const place = before === undefined ? undefined : readLeasePlace(before)
      if (place === null) return refuse('invalid_request', 'before: is not the `next` of a page', 'before')
      const page = await listAgentLeases(db, caller.marketId, caller.agent, limit, { ended, before: place })
      return page === null ? refuseUnknownCaller(caller) : { ok: true, ...page }
    },
    'lease.token': ({ marketId, agent }, { leaseId }) =>
      identity.issueLeaseToken({ marketId, leaseId, agent, actor: agent }),
  }
}
