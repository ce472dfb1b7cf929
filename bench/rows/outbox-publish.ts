import { connectBus } from '../../shared/bus/connect.ts'
import { publishOutbox } from '../../shared/bus/publish.ts'
import { deleteStream } from '../../shared/bus/stream.ts'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import { publishBare } from '../bare-publish.ts'
import type { Row } from '../row.ts'
import { messagesOf, settledMarket } from '../settled-market.ts'
import { median, millisecondsOf } from '../timing.ts'

const BIDS = 50_000
const AGENTS = 1_000
const ROUNDS = 5

/** A market's whole outbox to its stream, beside the same texts published with nothing around them. */
export const outboxPublish: Row = {
  name: `outbox to JetStream, the events of ${BIDS} bids`,
  baseline: 'bare pipelined publish of the same payloads',
  target: { atLeast: 0.8 },
  unit: 'events/s',
  async measure(bench) {
    const bus = await connectBus({ servers: [bench.natsUrl] }, 'bourse bench')
    const outbox = createPostgresOutbox(bench.db)
    const marketId = await settledMarket(bench, BIDS, AGENTS)
    const messages = await messagesOf(outbox, marketId)
    const perSecond = (ms: number) => (messages.length / ms) * 1_000
    const bare: number[] = []
    const published: number[] = []
    const signal = new AbortController().signal
    for (let round = 0; round < ROUNDS; round++) {
      bench.progress(`round ${round + 1} of ${ROUNDS}`)
      bare.push(perSecond(await publishBare(bus, `bare-${round}`, messages)))
      await deleteStream(bus, marketId)
      const publish = () => publishOutbox({ bus, outbox, marketId, signal, lingerMs: 0, pollMs: 1 })
      published.push(perSecond(await millisecondsOf(publish)))
    }
    await bus.close()
    return { baseline: median(bare), measured: median(published) }
  },
}
