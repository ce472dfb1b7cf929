import type { EventClaim } from './event-message.ts'

/**
 * What a stored message is to its market's table, read in order:
 * - `next`: the event that belongs here;
 * - `hole`: a later event of the table, so that some before it are missing;
 * - `ahead`: a whole event, next in order, that the table does not have: the table lost its end;
 * - `garbage`: anything else, copies of earlier events included.
 */
export type Verdict = 'next' | 'hole' | 'ahead' | 'garbage'

/**
 * Judges a message after the events up to `expectedSeq - 1` were found. `tableId` is the id the table has at the
 * seq claimed (null: none), read after the message was; `isWholeEvent` is only asked about what the table lacks.
 */
export function judgeMessage(
  claim: EventClaim | null,
  expectedSeq: number,
  tableId: string | null,
  isWholeEvent: () => boolean,
): Verdict {
  if (claim === null || claim.seq < expectedSeq) return 'garbage'
  const isNext = claim.seq === expectedSeq
  if (claim.eventId === tableId) return isNext ? 'next' : 'hole'
  return isNext && isWholeEvent() ? 'ahead' : 'garbage'
}
