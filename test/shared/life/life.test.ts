import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  judge,
  judgeInTime,
  type LifeRules,
  type Living,
  restFrom,
  type Waiting,
} from '../../../shared/life/life.ts'

const NOTHING: Waiting = { openBid: false, promptOrHold: false, asked: false }
const RULES: LifeRules = { dormantAfterMs: 10_000, minimumBidMicro: 1_000_000n, mortality: true }

const living: fc.Arbitrary<Living> = fc
  .record({
    status: fc.constantFrom('alive', 'dormant', 'dead'),
    reason: fc.constantFrom('voluntary', 'insufficient_credits'),
    frozen: fc.boolean(),
    availableMicro: fc.constantFrom(0n, 1n, 999_999n, 1_000_000n, 50_000_000n),
    heldMicro: fc.constantFrom(0n, 0n, 1n, 5_000_000n),
    idleFromMs: fc.integer({ min: 0, max: 100_000 }),
    judgeAtMs: fc.option(fc.integer({ min: 0, max: 100_000 })),
  })
  .map(
    ({ reason, ...agent }) =>
      ({ name: 'ann', ...agent, dormantReason: agent.status === 'dormant' ? reason : null }) as Living,
  )
const waiting = fc.record({ openBid: fc.boolean(), promptOrHold: fc.boolean(), asked: fc.boolean() })
const nowMs = fc.integer({ min: 0, max: 200_000 })

describe('a judgement', () => {
  test('changes only the idle, and only as the rules say', () => {
    fc.assert(
      fc.property(living, waiting, nowMs, fc.boolean(), (before, waits, now, mortality) => {
        const after = { ...before }
        const became = judge(after, { ...RULES, mortality }, waits, now)
        const balance = before.availableMicro + before.heldMicro
        const idleMs = now - before.idleFromMs
        if (became === null) expect(after.status).toBe(before.status)
        else {
          expect(waits.openBid || before.frozen).toBe(false)
          expect(after.status).toBe(became)
          expect(idleMs).toBeGreaterThanOrEqual(0)
        }
        if (became === 'dormant') {
          expect(before.status).toBe('alive')
          expect(after.dormantReason).toBe(balance < 1_000_000n ? 'insufficient_credits' : 'voluntary')
          if (balance >= 1_000_000n) expect(idleMs).toBeGreaterThanOrEqual(10_000)
        }
        if (became === 'dead') {
          expect([before.dormantReason, balance, mortality]).toEqual(['insufficient_credits', 0n, true])
          expect(waits.promptOrHold || waits.asked).toBe(false)
          expect(idleMs).toBeGreaterThanOrEqual(10_000)
        }
        expect((after.dormantReason === null) === (after.status !== 'dormant')).toBe(true)
        expect([after.availableMicro, after.heldMicro]).toEqual([before.availableMicro, before.heldMicro])
      }),
    )
  })

  test('comes again for whoever is alive and idle, later than now, and never for the dead', () => {
    fc.assert(
      fc.property(living, waiting, nowMs, (agent, waits, now) => {
        judge(agent, RULES, waits, now)
        if (agent.status === 'dead') expect(agent.judgeAtMs).toBeNull()
        if (agent.status === 'alive' && !agent.frozen && !waits.openBid) {
          expect(agent.judgeAtMs).toBeGreaterThan(now)
        }
      }),
    )
  })

  test('is never put off by what brings it forward', () => {
    fc.assert(
      fc.property(living, nowMs, (agent, until) => {
        const before = { ...agent }
        restFrom(agent, RULES, until)
        expect(agent.idleFromMs).toBe(Math.max(before.idleFromMs, until))
        if (before.judgeAtMs !== null) expect(agent.judgeAtMs).toBeLessThanOrEqual(before.judgeAtMs)
        judgeInTime(agent, RULES)
        if (agent.status === 'alive' && !agent.frozen) expect(agent.judgeAtMs).not.toBeNull()
      }),
    )
  })

  test('of one that waits to be paid is put off; of one with a prompt or a hold it is left to their end', () => {
    const dying = (): Living => ({
      name: 'ann',
      status: 'dormant',
      dormantReason: 'insufficient_credits',
      frozen: false,
      availableMicro: 0n,
      heldMicro: 0n,
      idleFromMs: 0,
      judgeAtMs: 10_000,
    })
    const judged = (waits: Partial<Waiting>) => {
      const agent = dying()
      judge(agent, RULES, { ...NOTHING, ...waits }, 10_000)
      return [agent.status, agent.judgeAtMs]
    }
    expect(judged({})).toEqual(['dead', null])
    expect(judged({ asked: true })).toEqual(['dormant', 20_000])
    expect(judged({ promptOrHold: true })).toEqual(['dormant', null])
  })
})
