import fc from 'fast-check'
import { contentText } from '../../../shared/economy/first-outcome.ts'
import type { MarketRules } from '../../../shared/market/rules.ts'
import type { Books, EconomyUnderTest } from './economy-under-test.ts'

export const AGENTS = ['ann', 'bob', 'cy'] as const
const STRANGER = 'eve'

/** Whatever anybody may ask of a market; `nth` chooses among the bids or holds made before. */
export type MarketOperation =
  | { kind: 'bids'; bids: BidPlan[] }
  | { kind: 'cancel'; agent: string; nth: number }
  | { kind: 'cycle' }
  | { kind: 'open'; number: number | null; run: string }
  | { kind: 'settle' }
  | { kind: 'tidy' }
  | { kind: 'turn' }
  | { kind: 'time'; seconds: number }
  | { kind: 'transfer'; from: string; to: string; micro: bigint; key: string | null }
  | { kind: 'grant'; agent: string; micro: bigint; key: string | null }
  | { kind: 'hold'; agent: string; micro: bigint; key: string | null }
  | { kind: 'settleHold'; nth: number; to: string }
  | { kind: 'releaseHold'; nth: number }
  | { kind: 'register'; agent: string; micro: bigint }
  | { kind: 'rules'; changes: Partial<MarketRules> }
  | { kind: 'prices'; pricesMicro: number[] }
  | { kind: 'status'; change: 'pauseMarket' | 'resumeMarket' | 'beginClosing' }
  | { kind: 'release' }
  | { kind: 'agentStatus'; agent: string; status: 'alive' | 'dormant' | 'dead' }

interface BidPlan {
  agent: string
  bid: Record<string, unknown>
}

const agent = fc.constantFrom(...AGENTS, STRANGER)
const key = fc.option(fc.constantFrom('k1', 'k2', 'k3'), { freq: 3 })
const micro = fc.oneof(
  fc.bigInt({ min: -1n, max: 60_000_000n }),
  fc.constantFrom(1n, 5_000_000n, 20_000_000n, 100_000_000n),
)
const fraction = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.999999, 1)
/** Long enough that the moments a test takes decide nothing. */
const STRETCH_SECONDS = 1000

const bidPlan: fc.Arbitrary<BidPlan> = fc.record({
  agent,
  bid: fc
    .record({
      amount: fc.constantFrom('0.5', '1', '5', '7.000001', '20', '60', 'much'),
      bundle: fc.record({
        cpu: fraction,
        memory: fraction,
        durationSeconds: fc.constantFrom(500, 1500, 3500),
      }),
      key,
      onBehalfOf: fc.option(agent, { freq: 4 }),
      goodTillCancelled: fc.boolean(),
    })
    .map(({ key, onBehalfOf, ...bid }) => ({
      ...bid,
      ...(key === null ? {} : { key }),
      ...(onBehalfOf === null ? {} : { onBehalfOf }),
    })),
})

const nth = fc.nat({ max: 30 })
const often = (arbitrary: fc.Arbitrary<MarketOperation>, weight: number) => ({ arbitrary, weight })

/** One operation; closing a market and death are rare. */
export const operation: fc.Arbitrary<MarketOperation> = fc.oneof(
  often(
    fc.record({ kind: fc.constant('bids'), bids: fc.array(bidPlan, { minLength: 1, maxLength: 6 }) }),
    24,
  ),
  often(fc.record({ kind: fc.constant('cancel'), agent, nth }), 8),
  often(fc.constant({ kind: 'cycle' }), 12),
  often(
    fc.record({
      kind: fc.constant('open'),
      number: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
      run: fc.constantFrom('r1', 'r2'),
    }),
    6,
  ),
  often(fc.constant({ kind: 'settle' }), 4),
  often(fc.constant({ kind: 'tidy' }), 4),
  often(fc.constant({ kind: 'turn' }), 6),
  often(
    fc.record({ kind: fc.constant('time'), seconds: fc.constantFrom(STRETCH_SECONDS, 3 * STRETCH_SECONDS) }),
    8,
  ),
  often(fc.record({ kind: fc.constant('transfer'), from: agent, to: agent, micro, key }), 8),
  often(fc.record({ kind: fc.constant('grant'), agent, micro, key }), 4),
  often(fc.record({ kind: fc.constant('hold'), agent, micro, key }), 6),
  often(fc.record({ kind: fc.constant('settleHold'), nth, to: agent }), 5),
  often(fc.record({ kind: fc.constant('releaseHold'), nth }), 5),
  often(fc.record({ kind: fc.constant('register'), agent: fc.constantFrom('ann', 'dan'), micro }), 2),
  often(
    fc.record({
      kind: fc.constant('rules'),
      changes: fc.oneof(
        fc.record({ maxBidsPerCycle: fc.constantFrom(1, 2, 100) }),
        fc.record({ policy: fc.constantFrom('highest-bid', 'posted-price') }),
        fc.record({ maxOpenBids: fc.constantFrom(1, 3, 64) }),
        fc.record({ minimumBid: fc.constantFrom('0.000001', '1', '6') }),
        fc.record({ reserveFraction: fc.constantFrom(0, 0.1) }),
        // Off the stretches by which time passes, whatever leases add to them.
        fc.record({ dormantAfterSeconds: fc.constantFrom(300, 1300, 2300) }),
        fc.record({ mortality: fc.boolean() }),
      ),
    }),
    5,
  ),
  often(
    fc.record({
      kind: fc.constant('prices'),
      pricesMicro: fc.array(fc.integer({ min: 10_000, max: 50_000 }), { minLength: 2, maxLength: 2 }),
    }),
    3,
  ),
  often(
    fc.record({ kind: fc.constant('status'), change: fc.constantFrom('pauseMarket', 'resumeMarket') }),
    3,
  ),
  often(fc.constant({ kind: 'status', change: 'beginClosing' }), 1),
  often(fc.constant({ kind: 'release' }), 1),
  often(
    fc.record({
      kind: fc.constant('agentStatus'),
      agent: fc.constantFrom(...AGENTS),
      status: fc.constantFrom('alive', 'alive', 'dead'),
    }),
    2,
  ),
) as fc.Arbitrary<MarketOperation>

/** Performs operations on one market, remembering what they made. */
export function createActor({ economy, ledger, ...world }: EconomyUnderTest, marketId: string) {
  const bidIds: string[] = []
  const holdIds: string[] = []
  let lastOpened = 0
  const nthOf = (ids: string[], nth: number) => ids[nth % Math.max(ids.length, 1)] ?? 'none'

  async function openCycle(number: number | null, run: string) {
    const opened = await economy.openCycle(marketId, number, run)
    if (opened.ok) lastOpened = opened.cycle
    return opened
  }

  return async function perform(operation: MarketOperation): Promise<unknown> {
    switch (operation.kind) {
      case 'bids': {
        const bids = operation.bids.map(plan => ({ ...plan, via: 'cli' as const, actor: 'test' }))
        const verdicts = await economy.admitBids(marketId, bids)
        for (const verdict of verdicts) if (verdict.ok) bidIds.push(verdict.bidId)
        return verdicts
      }
      case 'cancel':
        return await economy.cancelBid({
          marketId,
          agent: operation.agent,
          bidId: nthOf(bidIds, operation.nth),
        })
      case 'cycle': {
        const opened = await openCycle(null, 'r0')
        return opened.ok ? await economy.settleCycle(marketId, opened.cycle) : opened
      }
      case 'open':
        return await openCycle(operation.number, operation.run)
      case 'settle':
        return lastOpened === 0 ? null : await economy.settleCycle(marketId, lastOpened)
      case 'tidy':
        await world.passTime(marketId, STRETCH_SECONDS)
        return await economy.tidyMarket(marketId)
      case 'turn': {
        await world.passTime(marketId, STRETCH_SECONDS)
        const turn = await economy.takeTurn(marketId, false)
        return turn.ok ? { ...turn, next: { ...turn.next, seconds: null } } : turn
      }
      case 'time':
        return await world.passTime(marketId, operation.seconds)
      case 'transfer': {
        const { from, to, micro: amountMicro, key } = operation
        return await ledger.transfer({ marketId, from, to, amountMicro, purpose: 'gift', key })
      }
      case 'grant': {
        const { agent, micro: amountMicro, key } = operation
        return await ledger.grant({ marketId, agent, amountMicro, reason: 'prize', key })
      }
      case 'hold': {
        const { agent, micro: amountMicro, key } = operation
        const held = await ledger.placeHold({ marketId, agent, amountMicro, ref: 'call', key })
        if (held.ok) holdIds.push(held.holdId)
        return held
      }
      case 'settleHold':
        return await ledger.settleHold({ marketId, holdId: nthOf(holdIds, operation.nth), to: operation.to })
      case 'releaseHold':
        return await ledger.releaseHold({ marketId, holdId: nthOf(holdIds, operation.nth) })
      case 'register': {
        const { agent, micro: creditsMicro } = operation
        return await economy.registerAgent({ marketId, agent, creditsMicro })
      }
      case 'rules':
        return await economy.changeRules(marketId, operation.changes, 'op')
      case 'prices':
        return await world.recordPrices(marketId, operation.pricesMicro)
      case 'status':
        return await economy[operation.change](marketId, 'op')
      case 'release':
        return await economy.releaseOpenBids(marketId)
      case 'agentStatus':
        return await world.setAgentStatus(marketId, operation.agent, operation.status)
    }
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Told in milliseconds of the real clock where there is one. */
const AGE = /("(?:priceAgeSeconds|age_seconds)":)[\d.]+/g
const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g

/** Writes answers and books so that two worlds can be compared: ids by their first appearance, no moments. */
export function createTranscript(marketId: string): (value: unknown) => string {
  const names = new Map<string, string>([])
  const nameOf = (id: string) => {
    if (!names.has(id)) names.set(id, `#${names.size}`)
    return names.get(id)!
  }
  return value =>
    contentText(value ?? null)
      .replaceAll(marketId, 'MARKET')
      .replaceAll(UUID, nameOf)
      .replaceAll(MOMENT, 'THEN')
      .replaceAll(AGE, '$1AGE')
}

/** The part of the books that does not depend on the clock or on how ids are drawn. */
export function comparable({ agents, events, bids, holds, leases, ...rest }: Books): unknown {
  return {
    ...rest,
    postedMicro: Object.fromEntries(rest.postedMicro),
    agents: Object.fromEntries(agents),
    events: events.map(({ eventId: _eventId, ...event }) => event),
    bids,
    holds: holds.toSorted((a, b) => (a.holdId < b.holdId ? -1 : 1)),
    leases: leases.map(lease => contentText(lease)),
  }
}
