import type { BidVerdict } from '../bid/admission.ts'
import { readBidRequest } from '../bid/bid-request.ts'
import type { BidSubmission, Economy } from '../economy/economy.ts'
import { createFairQueue, type FairQueue } from './fair-queue.ts'

/** A batch has at most this many bids. */
export const BATCH_BIDS_MAX = 1_000

interface WaitingBid {
  submission: BidSubmission
  resolve: (verdict: BidVerdict) => void
  reject: (error: unknown) => void
}

interface Market {
  waiting: FairQueue<WaitingBid>
  running: boolean
}

/** Has a bid admitted together with others of its market, and answers its own verdict. */
export type AdmitInBatch = (marketId: string, submission: BidSubmission) => Promise<BidVerdict>

/**
 * Coalesces the bids of many agents: one batch of a market is in flight at a time, and what arrives meanwhile is the next,
 * taken from the agents in turn. With none in flight a bid waits for nothing but the bids that came with it. A bid that
 * cannot be read is refused beside the batches: it shares no transaction with those that can.
 */
export function createBidBatches(admitBids: Economy['admitBids']): AdmitInBatch {
  const markets = new Map<string, Market>()

  async function run(marketId: string, market: Market): Promise<void> {
    market.running = true
    await new Promise(resolve => setImmediate(resolve))
    while (market.waiting.size > 0) {
      const bids = market.waiting.take(BATCH_BIDS_MAX)
      try {
        const verdicts = await admitBids(
          marketId,
          bids.map(bid => bid.submission),
        )
        // The next batch is on its way to Postgres while the verdicts of this one are answered.
        setImmediate(() => {
          bids.forEach((bid, place) => {
            bid.resolve(verdicts[place]!)
          })
        })
      } catch (error) {
        for (const bid of bids) bid.reject(error)
      }
    }
    markets.delete(marketId)
  }

  return async (marketId, submission) => {
    const reading = readBidRequest(submission.bid)
    const read = { ...submission, reading }
    if (!reading.ok) return (await admitBids(marketId, [read]))[0]!
    const market = markets.get(marketId) ?? { waiting: createFairQueue(), running: false }
    markets.set(marketId, market)
    const verdict = new Promise<BidVerdict>((resolve, reject) => {
      market.waiting.push(submission.agent, { submission: read, resolve, reject })
    })
    if (!market.running) void run(marketId, market)
    return await verdict
  }
}
