import { WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apply } from '../../shared/events/apply.ts'
import { emptyState } from '../../shared/events/state.ts'
import { PAUSED_WITH_MARKET } from '../../shared/market/price-schedule.ts'
import { priceRuleOf } from '../../shared/market/price-tick.ts'
import type { MarketRules } from '../../shared/market/rules.ts'
import { formatCredits } from '../../shared/money/credits.ts'
import { type PostedPrice, priceTick } from '../../shared/pricing/posted-price.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

/** So long a period that a test meets no update but those it asks for. */
const RARELY = { pricePeriodSeconds: 86_400 }
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(async () => {
  await test.close()
})

const eventsOf = (marketId: string) => test.writtenEvents(marketId)
const scheduleOf = (marketId: string) => test.client.schedule.getHandle(`price-update/${marketId}`)
const described = (marketId: string) =>
  scheduleOf(marketId)
    .describe()
    .catch(() => null)
const marketOf = (marketId: string) => test.client.workflow.getHandle(`market/${marketId}`)

async function ticksOf(marketId: string): Promise<number> {
  const { rows } = await test.db.query(
    'select coalesce(max(tick), 0) as tick from prices where market_id = $1',
    [marketId],
  )
  return Number(rows[0].tick)
}

async function ruleOf(marketId: string): Promise<number> {
  const market = await test.economy.findPriceSchedule(marketId)
  if (!market.ok) throw new Error(market.error.message)
  return market.periodSeconds
}

describe("a market's price schedule", () => {
  it('is made with the market and moves its prices', async () => {
    const marketId = await test.createMarket('scheduled', { pricePeriodSeconds: 1 })
    await eventually(async () => (await ticksOf(marketId)) >= 3)
    const schedule = (await described(marketId))!
    expect(schedule.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 })
    expect(schedule.spec.intervals).toMatchObject([{ every: 1000 }])
    expect(schedule.action).toMatchObject({ workflowType: 'priceUpdate', taskQueue: test.taskQueue })
    const { workflow } = schedule.info.recentActions.at(-1)!.action
    expect(workflow.workflowId).toMatch(new RegExp(`^price-update/${marketId}-\\d{4}-\\d\\d-\\d\\dT`))
    const { rows } = await test.db.query(
      'select distinct tick, extract(milliseconds from ticked_at)::int % 1000 as ms from prices where market_id = $1',
      [marketId],
    )
    expect(new Set(rows.map(row => row.ms))).toEqual(new Set([0]))
    await marketOf(marketId).executeUpdate('close')
    await eventually(async () => (await described(marketId)) === null)
  })

  it('stands still with its market, and an operator pause outlasts that of the market', async () => {
    const marketId = await test.createMarket('standing', RARELY)
    await eventually(() => described(marketId))
    const isPaused = async (note?: string) => {
      const state = (await described(marketId))?.state
      return state?.paused === true && (note === undefined || state.note === note)
    }
    await marketOf(marketId).executeUpdate('pause')
    await eventually(() => isPaused(PAUSED_WITH_MARKET))
    await marketOf(marketId).executeUpdate('resume')
    await eventually(async () => !(await isPaused()))

    await scheduleOf(marketId).pause('an operator looks at it')
    await marketOf(marketId).executeUpdate('pause')
    await marketOf(marketId).executeUpdate('resume')
    await marketOf(marketId).terminate('a test')
    await test.client.workflow.start('market', {
      workflowId: `market/${marketId}`,
      taskQueue: test.taskQueue,
      args: [],
    })
    await scheduleOf(marketId).trigger()
    await eventually(async () => (await ticksOf(marketId)) === 1)
    expect(await isPaused('an operator looks at it')).toBe(true)
  })

  it('takes the period of the rule, and gives the rule a period changed in the schedule', async () => {
    const marketId = await test.createMarket('period', RARELY)
    await eventually(() => described(marketId))
    const scheduled = async () => (await described(marketId))?.spec.intervals?.[0]?.every

    await test.economy.changeRules(marketId, { pricePeriodSeconds: 3600 }, 'op')
    await eventually(async () => (await scheduled()) === 3_600_000)

    await scheduleOf(marketId).update(previous => ({
      ...previous,
      spec: { intervals: [{ every: 7_200_000 }] },
    }))
    await scheduleOf(marketId).trigger()
    await eventually(async () => (await ruleOf(marketId)) === 7200)
    await eventually(async () => (await ticksOf(marketId)) === 1)
    expect(await scheduled()).toBe(7_200_000)
    const changes = (await eventsOf(marketId)).filter(event => event.type === 'market_rules_changed')
    expect(changes.map(event => event.data.after)).toEqual([
      { pricePeriodSeconds: 3600 },
      { pricePeriodSeconds: 7200 },
    ])
    expect(changes[1]!.data.actor).toBe('price schedule')
  })
})

describe('a price update', () => {
  it('can be started alone, needs no input, and the same start again moves nothing', async () => {
    const marketId = await test.createMarket('alone', RARELY)
    const start = () =>
      test.client.workflow.execute('priceUpdate', {
        workflowId: `price-update/${marketId}`,
        taskQueue: test.taskQueue,
        args: [],
      })
    expect(await start()).toMatchObject({ tick: 1, applied: true, prices: { cpu: '0.01' } })
    expect(await start()).toMatchObject({ tick: 2, applied: true })
    const { startTime } = await test.client.workflow.getHandle(`price-update/${marketId}`).describe()
    const again = await test.economy.tickPrices(marketId, startTime.getTime())
    expect(again).toMatchObject({ tick: 2, applied: false })
  })

  it.each([
    [{ colour: 1 }, '"colour": is not known'],
    [{ marketId: 'UPPER' }, 'marketId: must be 1 to 63'],
    [{ marketId: 'no-such-market' }, 'there is no market "no-such-market"'],
    [undefined, 'marketId: is missing'],
  ])('given %j is refused at once', async (input, message) => {
    const run = test.client.workflow.execute('priceUpdate', {
      taskQueue: test.taskQueue,
      workflowId: `nonsense-${Math.random()}`,
      args: input === undefined ? [] : [input],
    })
    const error = await run.catch((caught: Error) => caught)
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(messagesOf(error)).toContain(message)
  })

  it('gives prices that can be recomputed from the events alone', async () => {
    const marketId = await test.createMarket(
      'recomputed',
      { pricePeriodSeconds: 1, cycleSeconds: 0.3, policy: 'posted-price' },
      { ada: 100_000n, boris: 100_000n },
    )
    for (let round = 0; (await ticksOf(marketId)) < 6; round++) {
      const bid = { amount: '40', bundle: { cpu: 0.5, memory: 0.2 * (round % 3), durationSeconds: 1 } }
      await test.economy.admitBids(
        marketId,
        ['ada', 'boris', 'ada'].map(agent => ({ agent, bid, via: 'cli' as const, actor: 'test' })),
      )
      const { lastCycle } = await summaryOf(marketId)
      await eventually(
        async () => ((await summaryOf(marketId)).lastCycle?.cycle ?? 0) > (lastCycle?.cycle ?? 0),
      )
    }
    await scheduleOf(marketId).pause('enough')

    const state = emptyState()
    const previous = new Map<string, PostedPrice & { tickMs: number }>()
    const reasons = new Set<string>()
    for (const event of await eventsOf(marketId)) {
      apply(state, event)
      if (event.type !== 'price_update') continue
      const { resource, old_price, new_price, reason, e, demand, elapsed_ms, ticked_at } = event.data
      const rule = priceRuleOf(state.market!.rules as MarketRules)
      const tickMs = Date.parse(ticked_at)
      const before = previous.get(resource)
      const [again] = priceTick({
        previous: before === undefined ? null : { tickMs: before.tickMs, prices: [before] },
        tickMs,
        cycles: [],
        standingDemandPpm: [Math.round(demand * 1e6)],
        leasedPpm: [reason === 'supply_constraint' ? 1_000_000 : 0],
        rule,
      })!
      expect({ resource, ...again }).toMatchObject({
        resource,
        reason,
        elapsedMs: elapsed_ms,
        new: { eMillionths: e },
      })
      expect(formatCredits(BigInt(again!.old.priceMicro))).toBe(old_price)
      expect(formatCredits(BigInt(again!.new.priceMicro))).toBe(new_price)
      previous.set(resource, { ...again!.new, tickMs })
      reasons.add(reason)
    }
    expect(reasons.size).toBeGreaterThan(1)
  })
})

describe('posted prices in use', () => {
  it('rank bids, and refuse those under the reserve', async () => {
    const marketId = await test.createMarket(
      'reserve',
      { ...RARELY, policy: 'posted-price', reserveFraction: 0.5, minimumBid: '0.000001' },
      { ada: 1000n },
    )
    const [refused, admitted] = await test.economy.admitBids(
      marketId,
      ['0.049999', '0.05'].map(amount => ({
        agent: 'ada',
        bid: { amount, bundle: { cpu: 1, durationSeconds: 10 } },
        via: 'cli' as const,
        actor: 'test',
      })),
    )
    expect(refused).toMatchObject({ ok: false, error: { code: 'below_reserve', required: '0.05' } })
    expect(admitted).toMatchObject({ ok: true })
    const rejected = await eventually(async () =>
      (await eventsOf(marketId)).find(event => event.type === 'bid_rejected'),
    )
    expect(rejected.data).toMatchObject({ reason: 'below_reserve', required: '0.05' })
  })
})

async function summaryOf(marketId: string) {
  const summary = await test.economy.describeMarket(marketId)
  if (!summary.ok) throw new Error(summary.error.message)
  return summary
}

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : ''
}
