import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import { readHistory } from '../../shared/db/ledger/read-history.ts'
import type { Bench, Row } from '../row.ts'
import { createBenchMarket } from '../synthetic-bids.ts'
import { median, millisecondsOf } from '../timing.ts'

const FEW = { rows: 10_000, agents: 10 }
const MANY = { rows: 10_000_000, agents: 100_000 }
const ROWS_PER_INSERT = 500_000
const PAGE = 50
const LOOKS = 400

/** A page of one agent's history as rows and agents grow. */
export const historyPage: Row = {
  name: `a history page of one agent among ${MANY.agents}, ${MANY.rows} transactions`,
  baseline: `one of ${FEW.agents} agents, ${FEW.rows} transactions`,
  target: { atMost: 2 },
  unit: 'ms',
  async measure(bench) {
    const few = await fillHistory(bench, 'few', FEW)
    const baseline = await medianPage(bench, few, FEW.agents)
    const many = await fillHistory(bench, 'many', MANY)
    const baselineAgain = await medianPage(bench, few, FEW.agents)
    const measured = await medianPage(bench, many, MANY.agents)
    return { baseline: Math.max(baseline, baselineAgain), measured }
  },
}

/** Pairs of postings that cancel out, spread over the agents, inserted without asking what sums they leave. */
async function fillHistory(bench: Bench, name: string, { rows, agents }: typeof FEW): Promise<string> {
  const { db, progress } = bench
  const marketId = await createBenchMarket(bench, `history-${name}`, 0)
  await db.query(
    `insert into agents (market_id, name, display_name, created_at)
     select $1, 'a' || n, 'a' || n, now() from generate_series(0, $2 - 1) n`,
    [marketId, agents],
  )
  const { rows: first } = await db.query('select min(agent_id) as id from agents where market_id = $1', [
    marketId,
  ])
  const client = await db.connect()
  try {
    // Bulk loading only: no check of this table runs for rows that are made up.
    await client.query('set session_replication_role = replica')
    for (let from = 0; from < rows; from += ROWS_PER_INSERT) {
      progress(`${from} of ${rows} transactions written`)
      await client.query(
        `insert into transactions (market_id, batch_id, agent_id, amount_micro, balance_after_micro, purpose, ref, timestamp)
         select $1, -(n / 100), $2::bigint + n % $3, 1, 1, 'bench', 'bench', now() + n * interval '1 ms'
           from generate_series($4::int, $5::int) n`,
        [marketId, first[0].id, agents, from, Math.min(rows, from + ROWS_PER_INSERT) - 1],
      )
    }
    await client.query('set session_replication_role = origin')
    await client.query('vacuum analyze transactions')
  } finally {
    client.release()
  }
  return marketId
}

async function medianPage({ db }: Bench, marketId: string, agents: number): Promise<number> {
  const times: number[] = []
  for (let look = 0; look < LOOKS; look++) {
    const found = await findAgentId(db, marketId, `a${(look * 7919) % agents}`)
    if (!found.ok) throw new Error(found.error.message)
    times.push(await millisecondsOf(() => readHistory(db, { marketId, agentId: found.agentId }, PAGE)))
  }
  return median(times)
}
