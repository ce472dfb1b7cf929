import { type ParsedEvent, parseEvent, subjectOf } from '../events/envelope.ts'
import type { StoredMessage } from './stored-messages.ts'

/** What a message says it is, before anything is believed. */
export interface EventClaim {
  eventId: string
  seq: number
  epoch: number
}

/** Reads which event a message claims to be; null when it claims none. */
export function claimOf(text: string): EventClaim | null {
  try {
    const { event_id: eventId, seq, epoch } = JSON.parse(text)
    const isClaim =
      typeof eventId === 'string' && Number.isSafeInteger(seq) && seq >= 1 && Number.isSafeInteger(epoch)
    return isClaim ? { eventId, seq, epoch } : null
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

/**
 * The seq of an event whose envelope, subject and message id are right while its type, version or data is not known
 * to this program; null for what is no event at all.
 */
export function unreadableSeqOf(message: StoredMessage, marketId: string): number | null {
  const claim = claimOf(message.text)
  const isOurs =
    claim !== null &&
    message.messageId === claim.eventId &&
    message.subject.startsWith(`bourse.${marketId}.events.`) &&
    JSON.parse(message.text).market_id === marketId
  return isOurs ? claim.seq : null
}
