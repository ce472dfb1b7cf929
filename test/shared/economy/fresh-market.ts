import { randomBytes } from 'node:crypto'
import { type MarketSettings, marketSettingsSchema } from '../../../shared/market/rules.ts'
import type { EconomyUnderTest } from './economy-under-test.ts'

/** A market of its own for one test, with agents and their credits. */
export async function openMarket(
  { economy }: Pick<EconomyUnderTest, 'economy'>,
  agents: Record<string, number> = {},
  rules: Partial<MarketSettings['rules']> = {},
  moreResources: MarketSettings['resources'] = [],
): Promise<string> {
  const marketId = `t-${randomBytes(8).toString('hex')}`
  const resources = [
    { name: 'cpu', unit: 'cores', capacity: '4' },
    { name: 'memory', unit: 'MiB', capacity: '4096' },
    ...moreResources,
  ]
  await economy.createMarket(marketId, marketSettingsSchema.parse({ resources, rules }))
  for (const [agent, credits] of Object.entries(agents)) {
    await economy.registerAgent({ marketId, agent, creditsMicro: BigInt(credits) * 1_000_000n })
  }
  return marketId
}
