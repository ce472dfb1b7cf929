import { subjectOf } from '../shared/events/envelope.ts'
import type { Outbox } from '../shared/events/outbox.ts'
import type { BareMessage } from './bare-publish.ts'
import type { Bench } from './row.ts'
import { createBenchMarket, fillBook } from './synthetic-bids.ts'

const EVENTS_PER_READ = 10_000

/** A market whose one cycle has decided so many bids; none of its events is published. */
export async function settledMarket(bench: Bench, bids: number, agents: number): Promise<string> {
  const marketId = await createBenchMarket(bench, 'events', agents)
  await fillBook(bench, marketId, bids, agents)
  await bench.economy.openCycle(marketId, 1, 'bench')
  await bench.economy.settleCycle(marketId, 1)
  return marketId
}

/** The messages that a market's events after `afterSeq` become. */
export async function messagesOf(outbox: Outbox, marketId: string, afterSeq = 0): Promise<BareMessage[]> {
  const messages: BareMessage[] = []
  for (;;) {
    const events = await outbox.readEvents(marketId, afterSeq + messages.length, EVENTS_PER_READ)
    if (events.length === 0) return messages
    for (const event of events) messages.push({ subject: subjectOf(event), text: event.text })
  }
}
