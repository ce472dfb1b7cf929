import type { Bus } from '../../../shared/bus/connect.ts'
import { deadLetterStreamName } from '../../../shared/bus/dead-letters.ts'
import { claimOf } from '../../../shared/bus/event-message.ts'
import { readMessages, type StoredMessage } from '../../../shared/bus/stored-messages.ts'
import type { Outbox } from '../../../shared/events/outbox.ts'

/** Everything a market's stream holds, garbage included. */
export async function wholeStream(bus: Bus, marketId: string): Promise<StoredMessage[]> {
  const all: StoredMessage[] = []
  for (;;) {
    const messages = await readMessages(bus, marketId, (all.at(-1)?.streamSequence ?? 0) + 1)
    if (messages.length === 0) return all
    all.push(...messages)
  }
}

/** The ids of what a stream holds, in its order; what claims no event is left out. */
export async function streamEventIds(bus: Bus, marketId: string): Promise<string[]> {
  const messages = await wholeStream(bus, marketId)
  return messages.flatMap(message => claimOf(message.text)?.eventId ?? [])
}

/** The ids of a market's events in the table, in order. */
export async function tableEventIds(outbox: Outbox, marketId: string): Promise<string[]> {
  const events = await outbox.readEvents(marketId, 0, 1_000_000)
  return events.map(event => event.event_id)
}

/** The market's dead letters, in order. */
export async function deadLetters(
  bus: Bus,
  marketId: string,
): Promise<{ stream_sequence: number; subject: string; reason: string; text: string }[]> {
  const name = deadLetterStreamName(marketId)
  const { state } = await bus.manager.streams.info(name)
  const letters = []
  for (let seq = 1; seq <= state.last_seq; seq++) {
    letters.push((await bus.manager.streams.getMessage(name, { seq })).json())
  }
  return letters as { stream_sequence: number; subject: string; reason: string; text: string }[]
}
