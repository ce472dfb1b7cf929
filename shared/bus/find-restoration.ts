import type { Bus } from './connect.ts'
import { readEventMessage } from './event-message.ts'
import { readNext } from './stored-messages.ts'
import { streamName } from './stream.ts'

/**
 * The last event that still holds of those an epoch's reader may have seen: the lowest that any later restoration in
 * the stream went back to; null when there was none. Throws a NatsError when NATS is away.
 */
export async function findRestoration(bus: Bus, marketId: string, epoch: number): Promise<number | null> {
  const subject = `bourse.${marketId}.events.system.history_restored._`
  let lowest: number | null = null
  let cursor = 1
  for (;;) {
    const message = await readNext(bus, streamName(marketId), subject, cursor)
    if (message === null) return lowest
    cursor = message.streamSequence + 1
    const parsed = readEventMessage(message, marketId)
    if (!parsed.ok || parsed.event.type !== 'history_restored' || parsed.event.epoch <= epoch) continue
    lowest = Math.min(parsed.event.data.last_seq, lowest ?? Number.POSITIVE_INFINITY)
  }
}
