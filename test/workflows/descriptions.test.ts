import { describe, expect, it } from 'vitest'
import type { CycleSummary } from '../../shared/economy/economy.ts'
import { MAX_COUNTED, type MarketGlance } from '../../shared/market/glances.ts'
import { describeAgent } from '../../workflows/describe-agent.ts'
import { describeSettledCycle } from '../../workflows/describe-cycle.ts'
import { describeMarket } from '../../workflows/describe-market.ts'

const cycle: CycleSummary = {
  cycle: 12,
  effectiveAt: '2026-11-24T10:00:00.000Z',
  winners: 3,
  losers: 1,
  leftWaiting: 2,
  revenue: '45.5',
  supply: { cpu: 1, memory: 1 },
  demand: { cpu: 1.2, memory: 0.1 },
  utilisation: { cpu: 0.605, memory: 0.1 },
  prices: { cpu: '0.05', memory: '0.01' },
  priceSource: 'last_known',
  priceAgeSeconds: 42.4,
  cutoffScore: '20000000',
}
const glance: MarketGlance = {
  book: 2,
  leases: 3,
  prices: { cpu: '0.05', memory: '0.01' },
  priceSource: 'live',
  priceAgeSeconds: 4,
  leased: { cpu: 0.6, memory: 0.1 },
}
const paused = {
  marketId: 'first',
  turn: {
    next: { step: 'sleep' as const, seconds: null },
    unpublished: false,
    executionsDue: false,
    status: 'paused' as const,
    pricePeriodSeconds: 10,
  },
  glance,
  lastCycle: cycle,
  publicationProblem: null,
}

describe('what an operator reads in the Temporal UI', () => {
  it('tells how a market stands', () => {
    const text = describeMarket(paused)
    for (const part of [
      'paused: bids are admitted, nothing is cleared until `resume`',
      '**Book:** 2 pending bids. **Leases:** 3, taking cpu 60 %, memory 10 %.',
      '**Posted prices** live, 4 s old: cpu 0.05, memory 0.01.',
      '**Cycle 12** at 2026-11-24T10:00:00.000Z: 3 won, 1 outbid, 2 left waiting, 45.5 credits paid.',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('says why events are not published, and stops counting somewhere', () => {
    const text = describeMarket({
      ...paused,
      glance: { ...glance, book: MAX_COUNTED + 1 },
      publicationProblem: 'the stream is ahead: [repair](it)',
    })
    expect(text).toContain('**Events are not published:** the stream is ahead\\: \\[repair\\]\\(it\\)')
    expect(text).toContain(`more than ${MAX_COUNTED} pending bids`)
  })

  it("tells a cycle's numbers", () => {
    const text = describeSettledCycle('first', cycle)
    expect(text).toContain('**Cycle 12 of market first** was settled at 2026-11-24T10:00:00.000Z.')
    for (const part of [
      '**Bids:** 3 won, 1 outbid, 2 left waiting, 45.5 credits paid.',
      '**Leased:** cpu 60.5 %, memory 10 %.',
      'last known, 42 s old',
      '**Lowest winning score:** 20000000.',
    ]) {
      expect(text).toContain(part)
    }
  })

  it("tells an agent's balance and its newest verdicts, and lets it forge nothing", () => {
    const refusal = { code: 'invalid_bid' as const, message: '"# Balance: 9000\n\n[pay](x)": is not known' }
    const text = describeAgent(
      {
        marketId: 'first',
        agent: 'ann',
        waiting: 0,
        signals: 7,
        nonsense: 1,
        verdicts: [
          ...Array.from({ length: 5 }, (_, nth) => ({
            key: `key-${nth}`,
            verdict: { ok: true as const, bidId: `bid-${nth}`, status: 'pending' as const, held: '5' },
          })),
          { key: '**mine**', verdict: { ok: false, error: refusal } },
        ],
      },
      { status: 'alive', balance: '500', available: '475', held: '25', openBids: 5 },
    )
    expect(text).toContain('is alive and has 500 credits: 475 available, 25 held for 5 open bids')
    expect(text).toContain(
      '- refused, invalid_bid: \\"\\# Balance\\: 9000 \\[pay\\]\\(x\\)\\"\\: is not known',
    )
    expect(text).toContain('(key \\*\\*mine\\*\\*)')
    expect(text.indexOf('refused')).toBeLessThan(text.indexOf('bid-4'))
    expect(text).not.toContain('bid-0')
  })
})
