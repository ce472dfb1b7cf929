import type { Bus } from './connect.ts'
import { readEventMessage } from './event-message.ts'
import { readNext } from './stored-messages.ts'
import { purgeBefore, streamName } from './stream.ts'

/**
 * Removes from a market's stream what stands before a checkpoint; false, and nothing is removed, when the stream does
 * not hold the checkpoint. Throws a NatsError when NATS is away.
 */
export async function trimStream(bus: Bus, marketId: string, checkpointSeq: number): Promise<boolean> {
  const subject = `bourse.${marketId}.events.system.state_checkpoint._`
  // An event never stands before the sequence equal to its seq.
  let cursor = checkpointSeq
  for (;;) {
    const message = await readNext(bus, streamName(marketId), subject, cursor)
    if (message === null) return false
    cursor = message.streamSequence + 1
    const parsed = readEventMessage(message, marketId)
    if (!parsed.ok || parsed.event.seq !== checkpointSeq) continue
    await purgeBefore(bus, marketId, message.streamSequence)
    return true
  }
}
