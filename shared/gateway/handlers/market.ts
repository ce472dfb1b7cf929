import { readCycles } from '../../db/cycles/cycles.ts'
import { describeMarket } from '../../db/market/describe-market.ts'
import type { Database } from '../../db/pool.ts'
import { readNewestPrices } from '../../db/prices/newest-prices.ts'
import { readQuote } from '../../db/prices/read-quote.ts'
import { readClock } from '../../db/read-clock.ts'
import type { Economy } from '../../economy/economy.ts'
import { formatCredits } from '../../money/credits.ts'
import type { marketOperations } from '../../rpc/market.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { AdmitInBatch } from '../bid-batches.ts'
import { createSharedReading } from '../shared-reading.ts'

/** Agents that look at a market at the same time look at the same picture of it. */
const STATE_FRESH_MS = 250
const STATES_MAX = 1_000
const RECENT_CYCLES = 10

/** Answers the operations on a market: looking, quoting, bidding, cancelling. */
export function createMarketHandlers({
  db,
  economy,
  admitInBatch,
}: {
  db: Database
  economy: Economy
  admitInBatch: AdmitInBatch
}): HandlersOf<typeof marketOperations> {
  const readState = createSharedReading(marketId => stateOf(db, marketId), STATE_FRESH_MS, STATES_MAX)
  const readRecent = createSharedReading(
    marketId => readCycles(db, marketId, RECENT_CYCLES),
    STATE_FRESH_MS,
    STATES_MAX,
  )
  return {
    'market.state': ({ marketId }) => readState(marketId),
    'market.quote': async ({ marketId }, { bundle }) => {
      const quote = await readQuote(db, marketId, bundle)
      if (!quote.ok) return quote
      return { ...quote, recentCycles: await readRecent(marketId) }
    },
    'market.bid': ({ marketId, agent, traceparent }, bid) =>
      admitInBatch(marketId, { agent, bid, via: 'nats', actor: agent, traceparent }),
    'market.cancel_bid': ({ marketId, agent }, { bidId }) => economy.cancelBid({ marketId, agent, bidId }),
  }
}

async function stateOf(db: Database, marketId: string) {
  const market = await describeMarket(db, marketId)
  if (!market.ok) return market
  const now = await readClock(db)
  const { pricesMicro } = await readNewestPrices(db, marketId, now.getTime())
  const { displayName, status, rules, pendingBids, activeLeases, priceSource, priceAgeSeconds, lastCycle } =
    market
  return {
    ok: true as const,
    marketId,
    displayName,
    status,
    resources: market.resources.map((resource, place) => ({
      ...resource,
      price: formatCredits(pricesMicro[place]!),
    })),
    rules,
    pendingBids,
    activeLeases,
    priceSource,
    priceAgeSeconds,
    lastCycle,
    now: now.toISOString(),
  }
}
