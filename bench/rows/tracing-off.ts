import { createBidBatches } from '../../shared/gateway/bid-batches.ts'
import { createGateway, type IncomingRequest } from '../../shared/gateway/gateway.ts'
import { createMarketHandlers } from '../../shared/gateway/handlers/market.ts'
import type { Handlers } from '../../shared/rpc/operations.ts'
import { inboxPrefix, rpcSubject } from '../../shared/rpc/subjects.ts'
import { tracedHandlers } from '../../workers/traced-handlers.ts'
import type { Row } from '../row.ts'
import { createBenchMarket, syntheticBid } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const AGENTS = 1_000
const BIDS_PER_RUN = 2_000
const RUNS = 20
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Bids that a gateway answers inside spans that nobody receives, beside the same gateway without instrumentation. */
export const tracingOff: Row = {
  name: `${BIDS_PER_RUN} bids answered by a gateway with a no-op tracer`,
  baseline: 'the same gateway without instrumentation',
  target: { atMost: 1.03 },
  unit: 'ms',
  async measure(bench) {
    const marketId = await createBenchMarket(bench, 'tracing-off', AGENTS)
    const handlers = createMarketHandlers({
      db: bench.db,
      economy: bench.economy,
      admitInBatch: createBidBatches(bench.economy.admitBids),
    }) as unknown as Handlers
    const baseline: number[] = []
    const measured: number[] = []
    const turns = [
      { answerBids: bidsAnsweredBy(handlers, marketId), figures: baseline },
      { answerBids: bidsAnsweredBy(tracedHandlers(handlers), marketId), figures: measured },
    ]
    for (const { answerBids } of turns) await answerBids()
    for (let run = 0; run < RUNS; run++) {
      // Who is first meets a database that has just rested: each is as often as the other.
      for (const { answerBids, figures } of run % 2 === 0 ? turns : turns.toReversed()) {
        figures.push(await millisecondsOf(answerBids))
      }
    }
    return { baseline: median(baseline), measured: median(measured) }
  },
}

function bidsAnsweredBy(handlers: Handlers, marketId: string): () => Promise<void> {
  const gateway = createGateway({
    handlers,
    answer(_reply, text) {
      if (!text.startsWith('{"ok":true')) throw new Error(text)
    },
    misdirected: (_market, _agent, reply) => {
      throw new Error(reply)
    },
    failed: (_operation, _caller, error) => {
      throw error
    },
    nowMs: () => performance.now(),
  })
  const requests = Array.from({ length: BIDS_PER_RUN }, (_, index): IncomingRequest => {
    const { agent, bid } = syntheticBid(index, AGENTS)
    return {
      subject: rpcSubject(marketId, agent, 'market.bid'),
      reply: `${inboxPrefix(marketId, agent)}.${index}`,
      bytes: new TextEncoder().encode(JSON.stringify(bid)),
      traceparent: TRACEPARENT,
    }
  })
  return async () => {
    for (const request of requests) gateway.receive(request)
    await gateway.drained()
  }
}
