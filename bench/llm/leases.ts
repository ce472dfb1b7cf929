import { issueLeaseToken } from '../../shared/db/leases/lease-tokens.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import type { Bench } from '../row.ts'

const LEASES = 20
const LEASE_SECONDS = 7_200

/** Tokens of leases that are never used up, each of another agent. */
export async function leaseManyTokens({ db, economy }: Bench): Promise<string[]> {
  const marketId = `llm-${crypto.randomUUID()}`
  const capacity = '10000000000'
  const resources = [{ name: 'tokens', unit: 'tokens per minute', capacity }]
  await economy.createMarket(
    marketId,
    marketSettingsSchema.parse({ resources, rules: { llmCallsPerLease: 1_000 } }),
  )
  for (let nth = 0; nth < LEASES; nth++) {
    const agent = `agent-${nth}`
    await economy.registerAgent({ marketId, agent, creditsMicro: 1_000_000_000n })
    const bid = { amount: '10', bundle: { tokens: 1 / LEASES, durationSeconds: LEASE_SECONDS } }
    await economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor: 'bench' }])
  }
  const opened = await economy.openCycle(marketId, null, 'bench')
  if (!opened.ok) throw new Error(opened.error.message)
  await economy.settleCycle(marketId, opened.cycle)
  const { rows } = await db.query('select lease_id from leases where market_id = $1', [marketId])
  const issued = await Promise.all(
    rows.map(row => issueLeaseToken(db, { marketId, leaseId: row.lease_id, agent: null, actor: 'bench' })),
  )
  return issued.map(one => {
    if (!one.ok) throw new Error(one.error.message)
    return one.token
  })
}
