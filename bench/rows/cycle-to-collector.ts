import { collect } from '../../shared/bus/collect.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { publishOutbox } from '../../shared/bus/publish.ts'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import { publishBare } from '../bare-publish.ts'
import type { Row } from '../row.ts'
import { messagesOf } from '../settled-market.ts'
import { createBenchMarket, fillBook } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const BIDS = 100_000
const AGENTS = 1_000
const ROUNDS = 3
/** Longer than any cycle takes: the publisher is at work when the cycle commits. */
const LINGER_MS = 120_000

/** From a cycle's opening until all it tells is with a collector: clearing, settling, publishing, collecting. */
export const cycleToCollector: Row = {
  name: `a cycle of ${BIDS} bids until all its events are at the collector`,
  baseline: 'bare pipelined publish of the same payloads alone',
  target: { atLeast: 0.25 },
  unit: 'events/s',
  async measure(bench) {
    const bus = await connectBus({ servers: [bench.natsUrl] }, 'bourse bench')
    const reader = await connectBus({ servers: [bench.natsUrl] }, 'bourse bench reader')
    const outbox = createPostgresOutbox(bench.db)
    const bare: number[] = []
    const whole: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      bench.progress(`round ${round + 1} of ${ROUNDS}`)
      const marketId = await createBenchMarket(bench, 'events', AGENTS)
      await fillBook(bench, marketId, BIDS, AGENTS)
      const stop = new AbortController()
      const { signal } = stop
      const publish = (lingerMs: number) =>
        publishOutbox({ bus, outbox, marketId, signal, lingerMs, pollMs: 5 })
      const { publishedSeq: placedSeq } = await publish(0)
      const publishing = publish(LINGER_MS).catch(() => {})
      const wholeMs = await millisecondsOf(async () => {
        await bench.economy.openCycle(marketId, 1, 'bench')
        await bench.economy.settleCycle(marketId, 1)
        const untilSeq = await outbox.readLastSeq(marketId)
        const options = { bus: reader, marketId, signal, follow: true, fromSeq: placedSeq + 1, untilSeq }
        for await (const _ of collect(options));
      })
      const messages = await messagesOf(outbox, marketId, placedSeq)
      const perSecond = (ms: number) => (messages.length / ms) * 1_000
      whole.push(perSecond(wholeMs))
      stop.abort()
      await publishing
      bare.push(perSecond(await publishBare(bus, `bare-cycle-${round}`, messages)))
    }
    await Promise.all([bus.close(), reader.close()])
    return { baseline: median(bare), measured: median(whole) }
  },
}
