import { expect } from 'vitest'
import type { BidSubmission } from '../../../../shared/economy/economy.ts'
import type { MarketRules } from '../../../../shared/market/rules.ts'
import { expectConserved } from '../conservation.ts'
import type { EconomyUnderTest, WrittenEvent } from '../economy-under-test.ts'
import { openMarket } from '../fresh-market.ts'

export const HALF = { cpu: 0.5, memory: 0.5, durationSeconds: 60 }
export const WHOLE = { cpu: 1, memory: 1, durationSeconds: 60 }
export const RUN = 'run-1'
/** Agents stay alive for as long as a test lets pass. */
export const LONG_LIFE = { dormantAfterSeconds: 1_000_000 }
/** Nothing is due but, one day, the dormancy of who is alive. */
export const IDLE = { step: 'sleep' as const, seconds: expect.any(Number) }

/** A fresh market and short ways to act in it. */
export async function beginMarket(
  make: () => EconomyUnderTest,
  agents: Record<string, number> = {},
  rules: Partial<MarketRules> = {},
) {
  const under = make()
  const { economy, ledger } = under
  const marketId = await openMarket(under, agents, rules)
  const submission = (agent: string, bid: unknown): BidSubmission => ({
    agent,
    bid,
    via: 'cli',
    actor: 'test',
  })
  const place = (...bids: [agent: string, bid: unknown][]) =>
    economy.admitBids(
      marketId,
      bids.map(([agent, bid]) => submission(agent, bid)),
    )
  const codesOf = async (...bids: [agent: string, bid: unknown][]) =>
    (await place(...bids)).map(verdict => (verdict.ok ? 'ok' : verdict.error.code))
  /** Places one bid that must be admitted, and answers its id. */
  const placed = async (agent: string, amount: string, bundle: object = HALF, more: object = {}) => {
    const [verdict] = await place([agent, { amount, bundle, ...more }])
    if (!verdict?.ok) throw new Error(`not admitted: ${JSON.stringify(verdict)}`)
    return verdict.bidId
  }
  const cycle = async () => {
    const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
    if (!opened.ok) throw new Error(opened.error.message)
    return await economy.settleCycle(marketId, opened.cycle)
  }
  const books = async () => {
    const read = await under.readBooks(marketId)
    expectConserved(read)
    return read
  }
  const moneyOf = async (agent: string) => (await books()).agents.get(agent)!
  const statusOf = async (bidId: string) => (await books()).bids.find(bid => bid.bidId === bidId)?.status
  const eventsOf = async (type: WrittenEvent['type']) =>
    (await books()).events.filter(event => event.type === type)
  const turn = async (publishing = false) => {
    const taken = await economy.takeTurn(marketId, publishing)
    if (!taken.ok) throw new Error(taken.error.message)
    return taken.next
  }
  const asleep = async () => {
    await under.markPublished(marketId)
    return await turn()
  }
  const passTime = (seconds: number) => under.passTime(marketId, seconds)
  const short = {
    place,
    codesOf,
    placed,
    cycle,
    books,
    moneyOf,
    statusOf,
    eventsOf,
    turn,
    asleep,
    passTime,
  }
  return { ...under, ...short, marketId, economy, ledger }
}

export const micro = (credits: number) => BigInt(Math.round(credits * 1_000_000))

type Economy = EconomyUnderTest['economy']

export async function described(economy: Economy, marketId: string) {
  const market = await economy.describeMarket(marketId)
  if (!market.ok) throw new Error(market.error.message)
  return market
}

/** About what the market's clock says: when it was made, or looked at last. */
export async function nowOf(economy: Economy, marketId: string): Promise<number> {
  const taken = await economy.takeTurn(marketId, true)
  if (!taken.ok) throw new Error(taken.error.message)
  const { wakeAt } = await described(economy, marketId)
  return Date.parse(wakeAt!) - 5000
}

export async function placedHold(
  ledger: EconomyUnderTest['ledger'],
  marketId: string,
  agent: string,
  amountMicro: bigint,
): Promise<string> {
  const placed = await ledger.placeHold({ marketId, agent, amountMicro, ref: 'call', key: null })
  if (!placed.ok) throw new Error(placed.error.message)
  return placed.holdId
}
