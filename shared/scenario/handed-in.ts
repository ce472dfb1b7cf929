import type { CollectedEvent } from './collected-event.ts'
import { valuesAt } from './read-path.ts'
import type { TrialEvents } from './trial-events.ts'

/** The result that the agent handed in last, under this label if one is given; null: none. */
export function handedIn({ events, agent }: TrialEvents, label?: string): CollectedEvent | null {
  const isMeant = (event: CollectedEvent) =>
    event.type === 'output_submitted' &&
    event.agent_id === agent &&
    (label === undefined || valuesAt(event.data, 'label')[0] === label)
  return events.findLast(isMeant) ?? null
}

/** What stands in it. */
export function outputOf(event: CollectedEvent): unknown {
  return valuesAt(event.data, 'output')[0]
}
