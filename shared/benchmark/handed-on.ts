import { v5 as uuidV5 } from 'uuid'
import type { ProposedChange } from './trial-parts.ts'

/** What an earlier scenario of the run hands on to one that follows it. */
export interface HandedOn {
  proposed_change?: ProposedChange
  modified_program?: Record<string, string>
  output?: unknown
}

/** Names changes that were handed on from another market, one for ever. */
const HANDED_ON = '3f1a5c52-2f0e-5a0c-9c55-6f1d6f0f8a11'

/** The id under which a change that was proposed in another market can be applied in this one. */
export function handedOnChangeId(marketId: string, changeId: string): string {
  return uuidV5(`${marketId}/${changeId}`, HANDED_ON)
}

/** What was handed on, as an agent is told of it in its own market. */
export function toldHandedOn(marketId: string, handedOn: HandedOn): HandedOn {
  const { proposed_change: change } = handedOn
  if (change === undefined) return handedOn
  const changeId = handedOnChangeId(marketId, change.changeId)
  return { ...handedOn, proposed_change: { ...change, changeId } }
}
