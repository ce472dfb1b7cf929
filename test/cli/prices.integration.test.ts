import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../patience.ts'
import { bourseJson, runBourse } from './run-bourse.ts'

const market = `cli-prices-${randomUUID().slice(0, 8)}`
const DAY_SECONDS = 86_400
const prices = (...args: string[]) => bourseJson(['prices', ...args])

beforeAll(async () => {
  await bourseJson(['market', 'create', market])
  // The market's workflow makes the schedule; ticks of the default period may come before this one.
  await vi.waitFor(
    async () => expect((await prices('set', market, '--period', String(DAY_SECONDS))).code).toBe(0),
    { timeout: PATIENCE_MS, interval: 200 },
  )
})

it('moves prices by hand, and shows what is posted and how that came', async () => {
  const first = await prices('tick', market)
  expect(first).toMatchObject({ code: 0, document: { ok: true, applied: true, prices: { cpu: '0.01' } } })
  const second = await prices('tick', market)
  expect(second.document.tick).toBe(first.document.tick + 1)
  expect((await prices(market)).document).toMatchObject({
    ok: true,
    priceSource: 'live',
    ageSeconds: expect.any(Number),
    items: [{ resource: 'cpu', price: '0.01', reason: 'unchanged' }, {}, {}, {}],
  })
  const history = await prices(market, '--history', '--limit', '2')
  expect(history.document.items.map((one: { tick: number }) => one.tick)).toEqual([
    second.document.tick,
    first.document.tick,
  ])
  expect(history.document.items[0].prices[0]).toEqual({
    resource: 'cpu',
    price: '0.01',
    reason: 'unchanged',
    demand: 0,
  })
  const before = await prices('show', market, '--history', '--before', String(second.document.tick))
  expect(before.document.items[0].tick).toBe(first.document.tick)
  const text = await runBourse(['prices', market, '--history'])
  expect(text.code).toBe(0)
  expect(text.stdout).toMatch(/cpu +0\.01 +▁+ +0\.01/)
})

it('pauses, resumes and sets the schedule', async () => {
  expect((await prices('pause', market)).document).toMatchObject({
    ok: true,
    schedule: { isPaused: true, periodSeconds: DAY_SECONDS, nextAt: null },
  })
  expect((await prices('resume', market)).document).toMatchObject({ ok: true, schedule: { isPaused: false } })
  expect((await prices('set', market, '--period', '43200')).document).toMatchObject({
    ok: true,
    schedule: { periodSeconds: 43_200 },
  })
  const shown = await bourseJson(['market', 'show', market])
  expect(shown.document).toMatchObject({ priceSource: 'live', rules: { pricePeriodSeconds: 43_200 } })
})

it('refuses with a code', async () => {
  await bourseJson(['market', 'pause', market])
  expect(await prices('resume', market)).toMatchObject({
    code: 1,
    document: { error: { code: 'market_paused' } },
  })
  for (const verb of ['pause', 'resume', 'tick', 'show'] as const) {
    expect(await prices(verb, 'no-such-market')).toMatchObject({
      code: 1,
      document: { error: { code: 'unknown_market' } },
    })
  }
  expect((await prices('set', market)).code).toBe(2)
  expect((await prices('set', market, '--period', '0')).code).toBe(2)
})
