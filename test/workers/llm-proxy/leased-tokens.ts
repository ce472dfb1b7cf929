import { issueLeaseToken } from '../../../shared/db/leases/lease-tokens.ts'
import type { Database } from '../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { type MarketSettings, marketSettingsSchema } from '../../../shared/market/rules.ts'

export interface LeasedTokens {
  marketId: string
  leaseId: string
  token: string
  /** What the lease may spend. */
  grantedTokens: number
}

const noHint = async () => {}
const CAPACITY_PER_MINUTE = 6_000_000
const LEASE_SECONDS = 600

/** A market of its own in which `ann` has won a lease of so many tokens, with the lease's token. */
export async function leaseTokens(
  db: Database,
  grantedTokens: number,
  rules: Partial<MarketSettings['rules']> = {},
): Promise<LeasedTokens> {
  const economy = createPostgresEconomy(db, noHint)
  const marketId = `t-${crypto.randomUUID()}`
  const capacity = grantedTokens === 0 ? 1 : grantedTokens
  await economy.createMarket(
    marketId,
    marketSettingsSchema.parse({
      resources: [
        { name: 'cpu', unit: 'cores', capacity: '4' },
        {
          name: 'tokens',
          unit: 'tokens per minute',
          capacity: String(Math.max(capacity, CAPACITY_PER_MINUTE)),
        },
      ],
      rules,
    }),
  )
  await economy.registerAgent({ marketId, agent: 'ann', creditsMicro: 1_000_000_000n })
  const leaseId = await winLease(db, marketId, grantedTokens)
  const issued = await issueLeaseToken(db, { marketId, leaseId, agent: null, actor: 'test' })
  if (!issued.ok) throw new Error(issued.error.message)
  return { marketId, leaseId, token: issued.token, grantedTokens }
}

/** Has `ann` win one more lease, of so many tokens: its fraction is as near as parts per million come. */
async function winLease(db: Database, marketId: string, grantedTokens: number): Promise<string> {
  const economy = createPostgresEconomy(db, noHint)
  const perLease = (CAPACITY_PER_MINUTE * LEASE_SECONDS) / 60
  const fraction = Math.round((grantedTokens / perLease) * 1_000_000) / 1_000_000
  const [verdict] = await economy.admitBids(marketId, [
    {
      agent: 'ann',
      bid: { amount: '1', bundle: { cpu: 0.1, tokens: fraction, durationSeconds: LEASE_SECONDS } },
      via: 'cli',
      actor: 'test',
    },
  ])
  if (!verdict!.ok) throw new Error(verdict!.error.message)
  const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
  if (!opened.ok) throw new Error(opened.error.message)
  await economy.settleCycle(marketId, opened.cycle)
  const { rows } = await db.query('select lease_id from leases where bid_id = $1', [verdict!.bidId])
  return rows[0].lease_id
}

/** How a lease's budget and calls stand. */
export async function readBudget(db: Database, leaseId: string) {
  const { rows } = await db.query(
    `select granted_tokens, used_tokens, reserved_tokens, open_calls,
            (select count(*) from llm_calls c where c.lease_id = $1) as calls,
            (select coalesce(sum(charged_tokens), 0) from llm_calls c where c.lease_id = $1) as charged
       from llm_budgets where lease_id = $1`,
    [leaseId],
  )
  const row = rows[0]
  return {
    granted: Number(row.granted_tokens),
    used: Number(row.used_tokens),
    reserved: Number(row.reserved_tokens),
    open: row.open_calls as number,
    calls: Number(row.calls),
    charged: Number(row.charged),
  }
}
