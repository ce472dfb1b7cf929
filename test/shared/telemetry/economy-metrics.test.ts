import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../../shared/telemetry/log.ts'
import { type MarketFigures, registerMarketGauges } from '../../../shared/telemetry/market-gauges.ts'
import { measuredEconomy } from '../../../shared/telemetry/measured-economy.ts'
import { openMarket } from '../economy/fresh-market.ts'
import { createMemoryUnderTest } from '../economy/memory-under-test.ts'

const bundle = { cpu: 0.6, memory: 0, durationSeconds: 60 }
const figures: MarketFigures = {
  marketId: 'm',
  bookDepth: 3,
  heldCredits: 12.5,
  unpublishedEvents: 0,
  publicationLagSeconds: 0,
  resources: [{ name: 'cpu', utilisation: 0.6, priceCredits: 0.01 }],
}

describe('a measured economy', () => {
  test('counts bids by what became of them, and times its steps', async () => {
    const under = createMemoryUnderTest()
    const marketId = await openMarket(under, { ann: 100, bob: 100 })
    const registry = new Registry()
    const economy = measuredEconomy(under.economy, registry)
    const bid = (agent: string, amount: string) => ({
      agent,
      bid: { amount, bundle },
      via: 'cli' as const,
      actor: 'test',
    })
    await economy.admitBids(marketId, [bid('ann', '2'), bid('bob', '1'), bid('bob', '1000'), bid('bob', '1')])
    const market = await economy.describeMarket(marketId)
    expect(market.ok && market.pendingBids).toBe(3)
    await economy.openCycle(marketId, null, 'run')
    await economy.settleCycle(marketId, 1)
    await expect(economy.settleCycle(marketId, 9)).rejects.toThrow()
    const told = (await registry.metrics()).split('\n')
    const counted = (outcome: string, reason = '') =>
      told.find(line =>
        line.startsWith(`bourse_bids_total{market="${marketId}",outcome="${outcome}",reason="${reason}"}`),
      )
    expect(counted('admitted')).toMatch(/ 3$/)
    expect(counted('refused', 'insufficient_balance')).toMatch(/ 1$/)
    expect(counted('winning')).toMatch(/ 1$/)
    expect(counted('outbid')).toMatch(/ 2$/)
    expect(told).toContain('bourse_step_duration_seconds_count{step="clear_and_settle",result="done"} 1')
    expect(told).toContain('bourse_step_duration_seconds_count{step="clear_and_settle",result="failed"} 1')
  })
})

describe('how markets stand', () => {
  const log = createLog('test', { level: 'silent' })

  test('is read once however many metrics it makes, and forgets markets that are gone', async () => {
    const registry = new Registry()
    let reads = 0
    let markets = [figures]
    const source = {
      readMarkets: async () => {
        reads += 1
        return markets
      },
      readDeadLetters: async () => new Map([['m', 2]]),
    }
    registerMarketGauges(registry, source, log)
    const told = await registry.metrics()
    expect(reads).toBe(1)
    expect(told).toContain('bourse_book_depth_bids{market="m"} 3')
    expect(told).toContain('bourse_utilisation_ratio{market="m",resource="cpu"} 0.6')
    expect(told).toContain('bourse_dead_letters{market="m"} 2')
    markets = []
    expect(await registry.metrics()).not.toContain('bourse_book_depth_bids{')
  })

  test('is left out where it cannot be read', async () => {
    const registry = new Registry()
    const away = () => Promise.reject(new Error('away'))
    registerMarketGauges(registry, { readMarkets: away, readDeadLetters: away }, log)
    expect(await registry.metrics()).toContain('bourse_markets_shown 0')
  })
})
