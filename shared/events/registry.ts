import type { z } from 'zod'
import { agentEvents } from './types/agent-events.ts'
import { bidEvents } from './types/bid-events.ts'
import type { EventType } from './types/event-type.ts'
import { judgeEvents } from './types/judge-events.ts'
import { ledgerEvents } from './types/ledger-events.ts'
import { lifeEvents } from './types/life-events.ts'
import { marketEvents } from './types/market-events.ts'
import { serviceEvents } from './types/service-events.ts'

/**
 * Every event type of the economy. Emitters and consumers share these schemas; credits are decimal
 * strings, quantities fractions of capacity, scores decimal strings.
 */
export const eventTypes = {
  ...marketEvents,
  ...ledgerEvents,
  ...bidEvents,
  ...lifeEvents,
  ...serviceEvents,
  ...agentEvents,
  ...judgeEvents,
} satisfies Record<string, EventType>

export type EventName = keyof typeof eventTypes
export type EventData<Name extends EventName> = z.infer<(typeof eventTypes)[Name]['data']>

/** True when `type` names an event of this registry. */
export function isEventName(type: string): type is EventName {
  return Object.hasOwn(eventTypes, type)
}
