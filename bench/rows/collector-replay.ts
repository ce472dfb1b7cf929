import { collect } from '../../shared/bus/collect.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { publishOutbox } from '../../shared/bus/publish.ts'
import { streamName } from '../../shared/bus/stream.ts'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import type { Row } from '../row.ts'
import { settledMarket } from '../settled-market.ts'
import { median, millisecondsOf } from '../timing.ts'

const BIDS = 50_000
const AGENTS = 1_000
const ROUNDS = 5

/** A market's stream replayed by the collector, each event parsed and checked, beside a consumer that only counts. */
export const collectorReplay: Row = {
  name: `collector replay, the events of ${BIDS} bids`,
  baseline: 'bare ordered consumer that only counts',
  target: { atLeast: 0.4 },
  unit: 'events/s',
  async measure(bench) {
    const bus = await connectBus({ servers: [bench.natsUrl] }, 'bourse bench')
    const outbox = createPostgresOutbox(bench.db)
    const marketId = await settledMarket(bench, BIDS, AGENTS)
    const signal = new AbortController().signal
    const { publishedSeq } = await publishOutbox({ bus, outbox, marketId, signal, lingerMs: 0, pollMs: 1 })
    const perSecond = (ms: number) => (publishedSeq / ms) * 1_000
    const jetstream = bus.connection.jetstream()

    async function consumeBare(): Promise<void> {
      const consumer = await jetstream.consumers.get(streamName(marketId))
      const messages = await consumer.consume({ max_messages: 5_000 })
      let consumed = 0
      for await (const _ of messages) {
        consumed += 1
        if (consumed === publishedSeq) break
      }
    }
    async function replay(): Promise<void> {
      let seq = 0
      for await (const event of collect({ bus, marketId, signal, follow: false })) seq = event.seq
      if (seq !== publishedSeq) throw new Error(`the collector ended at ${seq} of ${publishedSeq}`)
    }

    const bare: number[] = []
    const collected: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      bench.progress(`round ${round + 1} of ${ROUNDS}`)
      bare.push(perSecond(await millisecondsOf(consumeBare)))
      collected.push(perSecond(await millisecondsOf(replay)))
    }
    await bus.close()
    return { baseline: median(bare), measured: median(collected) }
  },
}
