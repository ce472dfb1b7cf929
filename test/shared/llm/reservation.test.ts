import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideReservation, type LeaseBudget, type SpendingMinute } from '../../../shared/llm/reservation.ts'
import { NO_USAGE } from '../../../shared/llm/usage.ts'
import type { WorstCase } from '../../../shared/llm/worst-case.ts'
import { createMemoryLlmStore } from './memory-llm-store.ts'

const worst: WorstCase = {
  promptTokens: 100,
  outputTokens: 50,
  choices: 2,
  inputPriceMicro: 1_000_000n,
  outputPriceMicro: 2_000_000n,
}
const free: SpendingMinute = {
  whose: 'market',
  tokensMax: null,
  costMicroMax: null,
  tokens: 0,
  costMicro: 0n,
  secondsLeft: 20,
}
const budgetOf = (more: Partial<LeaseBudget>): LeaseBudget => ({
  grantedTokens: 1_000,
  usedTokens: 0,
  reservedTokens: 0,
  openCalls: 0,
  ...more,
})

describe('a reservation', () => {
  test('is the prompt and every answer in full', () => {
    expect(decideReservation(budgetOf({}), [free], 8, worst)).toEqual({
      ok: true,
      outputTokens: 50,
      tokens: 200,
      costMicro: 300n,
    })
  })

  test('cuts the answers to what is left', () => {
    expect(decideReservation(budgetOf({ usedTokens: 850 }), [free], 8, worst)).toMatchObject({
      outputTokens: 25,
      tokens: 150,
    })
    expect(decideReservation(budgetOf({ usedTokens: 898 }), [free], 8, worst)).toMatchObject({
      outputTokens: 1,
      tokens: 102,
    })
  })

  test('is refused for good when not a token is left for each answer', () => {
    expect(decideReservation(budgetOf({ usedTokens: 899 }), [free], 8, worst)).toMatchObject({
      status: 402,
      code: 'lease_tokens_used_up',
      clientsRetry: false,
      details: { granted: 1_000, left: 101, asked: 200, needed: 102 },
    })
  })

  test('is refused for now when calls under way may give back enough', () => {
    expect(decideReservation(budgetOf({ reservedTokens: 950 }), [free], 8, worst)).toMatchObject({
      status: 402,
      code: 'lease_tokens_in_flight',
      clientsRetry: true,
      retryAfterSeconds: 1,
      details: { left: 50, in_flight: 950 },
    })
  })

  test('is refused when the lease has too many calls open', () => {
    expect(decideReservation(budgetOf({ openCalls: 8 }), [free], 8, worst)).toMatchObject({
      status: 429,
      code: 'too_many_calls',
    })
  })

  test('is refused until the next minute when the market has spent this one', () => {
    const tokens = { ...free, tokensMax: 1_000, tokens: 801 }
    expect(decideReservation(budgetOf({}), [tokens], 8, worst)).toMatchObject({
      status: 429,
      code: 'market_limit_reached',
      retryAfterSeconds: 20,
    })
    const money = { ...free, costMicroMax: 1_000n, costMicro: 701n }
    expect(decideReservation(budgetOf({}), [money], 8, worst)).toMatchObject({ code: 'market_limit_reached' })
  })

  test("is refused for an owner's minute although the market has some of its own left", () => {
    const owner: SpendingMinute = { ...free, whose: 'owner', tokensMax: 300 }
    const minutes = (tokens: number) => [
      { ...free, tokensMax: 1_000, tokens },
      { ...owner, tokens },
    ]
    expect(decideReservation(budgetOf({}), minutes(100), 8, worst)).toMatchObject({ ok: true, tokens: 200 })
    expect(decideReservation(budgetOf({}), minutes(101), 8, worst)).toMatchObject({
      status: 429,
      code: 'owner_limit_reached',
    })
    const small = [
      { ...free, tokensMax: 150 },
      { ...owner, tokensMax: 101 },
    ]
    expect(decideReservation(budgetOf({}), small, 8, worst)).toMatchObject({ code: 'above_owner_limit' })
  })

  test('cuts the answers to what a minute ever allows, and says when nothing would help', () => {
    expect(decideReservation(budgetOf({}), [{ ...free, tokensMax: 140 }], 8, worst)).toMatchObject({
      outputTokens: 20,
    })
    expect(decideReservation(budgetOf({}), [{ ...free, costMicroMax: 220n }], 8, worst)).toMatchObject({
      outputTokens: 30,
      costMicro: 220n,
    })
    for (const minute of [
      { ...free, tokensMax: 101 },
      { ...free, costMicroMax: 99n },
    ]) {
      expect(decideReservation(budgetOf({}), [minute], 8, worst)).toMatchObject({
        status: 400,
        code: 'above_market_limit',
      })
    }
  })
})

test('in whatever order calls begin and end, a lease never spends more than it has and nothing stays set aside', async () => {
  const call = fc.record({
    prompt: fc.integer({ min: 1, max: 200 }),
    output: fc.integer({ min: 1, max: 300 }),
    choices: fc.integer({ min: 1, max: 4 }),
    used: fc.integer({ min: 0, max: 3_000 }),
    unknown: fc.boolean(),
    endsTwice: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { maxLength: 40 }),
      fc.integer({ min: 0, max: 2_000 }),
      fc.infiniteStream(fc.nat()),
      async (calls, granted, dice) => {
        const store = createMemoryLlmStore(granted, 8)
        const budget = store.budgets.get('lease')!
        const open: { callId: string; end: (typeof calls)[number] }[] = []
        const check = () => {
          expect(budget.usedTokens + budget.reservedTokens).toBeLessThanOrEqual(granted)
          expect(Math.min(budget.usedTokens, budget.reservedTokens, budget.openCalls)).toBeGreaterThanOrEqual(
            0,
          )
          expect(budget.openCalls).toBe(open.length)
        }
        const endOne = async () => {
          const [ended] = open.splice(dice.next().value % open.length, 1)
          const { callId, end } = ended!
          const settlement = {
            outcome: 'completed' as const,
            charge: end.unknown ? ('reserved' as const) : ('used' as const),
            usage: { ...NO_USAGE, completionTokens: end.used },
            costMicro: 0n,
            upstream: 'first',
            attempts: 1,
            latencyMs: 1,
            firstTokenMs: null,
          }
          expect((await store.settle(callId, settlement)).resolved).toBe(true)
          const before = { ...budget }
          if (end.endsTwice) expect((await store.settle(callId, settlement)).resolved).toBe(false)
          expect(budget).toEqual(before)
          check()
        }
        for (const one of calls) {
          while (open.length > 0 && dice.next().value % 3 === 0) await endOne()
          const callId = crypto.randomUUID()
          const reserved = await store.reserve({
            callId,
            leaseId: 'lease',
            model: 'small',
            stream: false,
            worst: { ...worst, promptTokens: one.prompt, outputTokens: one.output, choices: one.choices },
            deadlineSeconds: 60,
            traceparent: null,
          })
          if (reserved.ok) open.push({ callId, end: one })
          check()
        }
        while (open.length > 0) await endOne()
        expect(budget).toMatchObject({ reservedTokens: 0, openCalls: 0 })
        const charged = [...store.calls.values()].reduce((sum, one) => sum + one.charged, 0)
        expect(charged).toBe(budget.usedTokens)
      },
    ),
  )
})
