import type { StreamPlace } from '../events/outbox.ts'
import type { Bus } from './connect.ts'
import { readMessages } from './stored-messages.ts'

/**
 * When a market's stream took events, in milliseconds, by their id. `place` is where event `placeSeq` stands; without
 * garbage between, event `seq` stands as far before it as its number says. What is not found there is left out.
 */
export async function readStoredTimes(
  bus: Bus,
  marketId: string,
  {
    place,
    placeSeq,
    fromSeq,
    count,
  }: { place: StreamPlace; placeSeq: number; fromSeq: number; count: number },
): Promise<Map<string, number>> {
  const times = new Map<string, number>()
  const firstSequence = place.sequence - (placeSeq - fromSeq)
  let sequence = firstSequence
  while (sequence < firstSequence + count) {
    const messages = await readMessages(bus, marketId, sequence, firstSequence + count - sequence)
    if (messages.length === 0) break
    for (const { messageId, storedAt } of messages) times.set(messageId, Date.parse(storedAt))
    sequence = messages.at(-1)!.streamSequence + 1
  }
  return times
}
