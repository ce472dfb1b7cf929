import { type ParsedEvent, parseEvent, subjectOf } from '../events/envelope.ts'
import type { StoredMessage } from './stored-messages.ts'

/** What a message says it is, before anything is believed. */
export interface EventClaim {
  eventId: string
  seq: number
}

/** Reads which event a message claims to be; null when it claims none. */
export function claimOf(text: string): EventClaim | null {
  try {
    const { event_id: eventId, seq } = JSON.parse(text)
    return typeof eventId === 'string' && Number.isSafeInteger(seq) ? { eventId, seq } : null
  } catch {
    return null
  }
}

/** Reads a market's event from its stream: a whole event, on its own subject, under its own message id. */
export function readEventMessage(message: StoredMessage, marketId: string): ParsedEvent {
  const parsed = parseEvent(message.text)
  if (!parsed.ok) return parsed
  const { event } = parsed
  if (event.market_id !== marketId)
    return { ok: false, problem: `market_id: is ${event.market_id}, not ${marketId}` }
  if (message.subject !== subjectOf(event))
    return { ok: false, problem: 'subject: not the subject of the event' }
  if (message.messageId !== event.event_id) return { ok: false, problem: 'message id: not the event_id' }
  return parsed
}
