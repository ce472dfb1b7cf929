import type { BidSubmission } from '../shared/economy/economy.ts'
import { marketSettingsSchema } from '../shared/market/rules.ts'
import type { Bench } from './row.ts'

const CREDITS_MICRO = 1_000_000_000_000n
const BIDS_PER_BATCH = 1_000

/** A market without limits on how often and how much its agents bid; named so that no run meets another's. */
export async function createBenchMarket({ economy }: Bench, name: string, agents: number): Promise<string> {
  const marketId = `${name}-${process.pid}-${Math.floor(performance.now())}`
  const rules = { maxOpenBids: 100_000, bidsPerSecond: null, maxBidsPerCycle: 1_000_000 }
  await economy.createMarket(marketId, marketSettingsSchema.parse({ rules }))
  await economy.pauseMarket(marketId, 'bench')
  for (let agent = 0; agent < agents; agent++) {
    const added = await economy.registerAgent({ marketId, agent: `a${agent}`, creditsMicro: CREDITS_MICRO })
    if (!added.ok) throw new Error(added.error.message)
  }
  return marketId
}

/** The `index`-th bid of a book: small bundles of four resources, amounts spread, the same in every run. */
export function syntheticBid(index: number, agents: number): BidSubmission {
  const spread = (index * 7919) % 100_003
  const share = (parts: number) => (50 + ((index * parts) % 100)) / 1_000_000
  return {
    agent: `a${index % agents}`,
    bid: {
      amount: (100 + spread) / 100,
      bundle: {
        cpu: share(31),
        memory: share(17),
        tokens: share(13),
        attention: share(7),
        durationSeconds: 3_600,
      },
    },
    via: 'cli',
    actor: 'bench',
  }
}

/** Admits `count` synthetic bids in full batches; every one must be admitted. */
export async function fillBook(bench: Bench, marketId: string, count: number, agents: number): Promise<void> {
  for (let from = 0; from < count; from += BIDS_PER_BATCH) {
    const size = Math.min(BIDS_PER_BATCH, count - from)
    const bids = Array.from({ length: size }, (_, place) => syntheticBid(from + place, agents))
    const verdicts = await bench.economy.admitBids(marketId, bids)
    const refused = verdicts.find(verdict => !verdict.ok)
    if (refused !== undefined && !refused.ok)
      throw new Error(`the book could not be filled: ${refused.error.message}`)
    if (from % 20_000 === 0) bench.progress(`${from} of ${count} bids admitted`)
  }
}
