import { type Refusal, refuse } from '../../economy/refusal.ts'
import type { Caller } from '../../rpc/operation.ts'

/** Refuses a caller whose market or whose agent is not there. */
export function refuseUnknownCaller({ marketId, agent }: Pick<Caller, 'marketId' | 'agent'>): Refusal {
  return refuse(
    'unknown_agent',
    `there is no agent ${JSON.stringify(agent)} in market ${JSON.stringify(marketId)}`,
  )
}
