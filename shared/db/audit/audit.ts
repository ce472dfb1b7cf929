import type { DatabaseClient } from '../pool.ts'
import { AUDIT_CHECKS } from './audit-checks.ts'

/** One check of one market: how many things were looked at, how many are wrong, and the first of them. */
export interface AuditFinding {
  name: string
  marketId: string
  checked: number
  wrong: number
  examples: string[]
}

/** An audit may read for so long, statement by statement, and hold its snapshot while it reads the stream. */
const STATEMENT_MS_MAX = 600_000
const SNAPSHOT_IDLE_MS_MAX = 3_600_000
const WORK_MEM_KB = 65_536
const EXAMPLES_MAX = 3

/** Lets a transaction read as much as an audit does, longer than others may. */
export async function allowLongReading(client: DatabaseClient): Promise<void> {
  await client.query(
    `set local statement_timeout = ${STATEMENT_MS_MAX};
     set local idle_in_transaction_session_timeout = ${SNAPSHOT_IDLE_MS_MAX};
     set local work_mem = ${WORK_MEM_KB}`,
  )
}

export interface AuditedMarket {
  marketId: string
  /** The first event that is kept. */
  firstSeq: number
  /** The last event committed. */
  lastSeq: number
}

/** The markets there are, or the one asked for. */
export async function readAuditedMarkets(
  client: DatabaseClient,
  marketId: string | null,
): Promise<AuditedMarket[]> {
  const { rows } = await client.query(
    `select market_id, last_seq, first_seq from market_sequences join publications using (market_id)
      where $1::text is null or market_id = $1 order by market_id`,
    [marketId],
  )
  return rows.map(row => ({
    marketId: row.market_id,
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
  }))
}

/** Runs every check over these markets: one statement a check, however many markets. */
export async function auditMarkets(
  client: DatabaseClient,
  marketIds: readonly string[],
): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = []
  for (const { name, rows } of AUDIT_CHECKS) {
    const result = await client.query(
      `select market_id, count(*) as checked, count(problem) as wrong,
              (array_agg(problem) filter (where problem is not null))[1:${EXAMPLES_MAX}] as examples
         from (${rows}) looked_at group by market_id`,
      [marketIds],
    )
    const byMarket = new Map(result.rows.map(row => [row.market_id, row]))
    for (const marketId of marketIds) {
      const row = byMarket.get(marketId)
      findings.push({
        name,
        marketId,
        checked: Number(row?.checked ?? 0),
        wrong: Number(row?.wrong ?? 0),
        examples: row?.examples ?? [],
      })
    }
  }
  return findings
}
