import { bidChanges } from './changes/bid-changes.ts'
import { type ChangesOf, EventDoesNotFit } from './changes/change.ts'
import { ledgerChanges } from './changes/ledger-changes.ts'
import { lifeChanges } from './changes/life-changes.ts'
import { marketChanges } from './changes/market-changes.ts'
import { observationChanges } from './changes/observation-changes.ts'
import { serviceChanges } from './changes/service-changes.ts'
import type { BourseEvent } from './envelope.ts'
import type { eventTypes } from './registry.ts'
import type { EconomyState } from './state.ts'

/** What each type of event changes; a type without its line does not compile. */
const changes: ChangesOf<typeof eventTypes> = {
  ...marketChanges,
  ...ledgerChanges,
  ...bidChanges,
  ...lifeChanges,
  ...serviceChanges,
  ...observationChanges,
}

/**
 * Applies a market's next event, in `seq` order from the first there is (event 1 or a checkpoint), and answers the state it was given: that is changed
 * in place, because a market may have millions of bids, and nothing else is. Throws EventDoesNotFit.
 */
export function apply(state: EconomyState, event: BourseEvent): EconomyState {
  const begins = state.seq === 0 && event.type === 'state_checkpoint' && event.data.part === 1
  if (event.seq !== state.seq + 1 && !begins)
    throw new EventDoesNotFit(event, `it follows event ${state.seq}`)
  const change = changes[event.type] as (state: EconomyState, event: BourseEvent) => void
  change(state, event)
  state.seq = event.seq
  return state
}
