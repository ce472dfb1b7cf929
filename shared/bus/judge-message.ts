import type { EventClaim } from './event-message.ts'

/**
 * What a stored message is to its market's table, read in order:
 * - `next`: the event that belongs here;
 * - `hole`: a later event of the table, so that some before it are missing;
 * - `lost`: published by us, and not in the table: the table lost its end;
 * - `superseded`: published by us in an epoch before the table's: what a repair has given up;
 * - `forged`: not published by us, and yet a collector would take it for an event;
 * - `garbage`: anything else, copies of earlier events included.
 */
export type Verdict = 'next' | 'hole' | 'lost' | 'superseded' | 'forged' | 'garbage'

/** What can be found out about a message that claims to be an event; each is only asked when it matters. */
export interface MessageFacts {
  /** It says all that the table's event of that seq says, and under its id. */
  isTableEvent(): Promise<boolean>
  isProven(): boolean
  isWholeEvent(): boolean
}

/** Judges a message after the events up to `expectedSeq - 1` were found; `tableEpoch` is read after the message was. */
export async function judgeMessage(
  claim: EventClaim | null,
  expectedSeq: number,
  tableEpoch: number,
  facts: MessageFacts,
): Promise<Verdict> {
  if (claim === null || claim.seq < expectedSeq) return 'garbage'
  if (await facts.isTableEvent()) return claim.seq === expectedSeq ? 'next' : 'hole'
  if (facts.isProven()) return claim.epoch < tableEpoch ? 'superseded' : 'lost'
  return facts.isWholeEvent() ? 'forged' : 'garbage'
}
