import { draftEvent } from '../../events/draft.ts'
import type { CircuitStatus } from '../../llm/circuit.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/** A process that has not been seen for so long is gone, and its circuits with it. */
const SILENT_SECONDS_MAX = 30

/** The circuit of one upstream as a process knows it. */
export interface KnownCircuit {
  upstream: string
  status: CircuitStatus
  failures: number
}

/** Records how all circuits of a process stand; to be repeated while it lives. */
export async function recordCircuits(
  db: Database,
  processId: string,
  circuits: readonly KnownCircuit[],
): Promise<void> {
  await db.query(
    `insert into llm_circuits (process_id, upstream, place, status, failures, changed_at, seen_at)
     select $1, upstream, place, status, failures, clock_timestamp(), clock_timestamp()
       from unnest($2::text[], $3::text[], $4::int[]) with ordinality as c(upstream, status, failures, place)
     on conflict (process_id, upstream) do update
        set status = excluded.status, failures = excluded.failures, seen_at = excluded.seen_at,
            changed_at = case when llm_circuits.status = excluded.status then llm_circuits.changed_at
                              else excluded.changed_at end`,
    [
      processId,
      circuits.map(one => one.upstream),
      circuits.map(one => one.status),
      circuits.map(one => one.failures),
    ],
  )
}

/** Forgets a process that ends. */
export async function forgetCircuits(db: Database, processId: string): Promise<void> {
  await db.query('delete from llm_circuits where process_id = $1', [processId])
}

/**
 * Tells markets what they were not told yet: those with an active lease on tokens that the circuit of an upstream is
 * open in some process, and those that were told so that it is open in none. An upstream serves all markets, and each
 * has a history of its own; the outage's row makes each telling happen once, whoever comes first. Each market has a
 * transaction of its own, which locks the outage's row and last the sequence row.
 */
export async function tellOutages(db: Database, hint: (marketId: string) => Promise<void>): Promise<void> {
  await db.query(`delete from llm_circuits where seen_at < clock_timestamp() - make_interval(secs => $1)`, [
    SILENT_SECONDS_MAX,
  ])
  if (!(await hasSomethingToTell(db))) return
  for (const { marketId, upstream, failures } of await findUntold(db)) {
    await telling(db, hint, marketId, client => openOutage(client, marketId, upstream, failures))
  }
  for (const { marketId, upstream } of await findOver(db)) {
    await telling(db, hint, marketId, client => closeOutage(client, marketId, upstream))
  }
}

/** Nearly always nothing is out, and leases need not be looked through. */
async function hasSomethingToTell(db: Database): Promise<boolean> {
  const { rows } = await db.query(
    `select exists (select from llm_circuits where status <> 'closed')
         or exists (select from llm_outages where closed_at is null) as something`,
  )
  return rows[0].something
}

const OPEN_UPSTREAMS = `
  select upstream, max(failures) as failures from llm_circuits where status <> 'closed' group by upstream`

async function findUntold(db: Database) {
  const { rows } = await db.query(
    `select m.market_id, o.upstream, o.failures
       from (${OPEN_UPSTREAMS}) o
       cross join (
         select distinct l.market_id
           from leases l join market_resources r on r.market_id = l.market_id and r.name = 'tokens'
          where l.status = 'active' and l.ends_at > clock_timestamp() and l.quantities_ppm[r.ordinal + 1] > 0) m
      where not exists (
        select from llm_outages t
         where t.market_id = m.market_id and t.upstream = o.upstream and t.closed_at is null)`,
  )
  return rows.map(row => ({ marketId: row.market_id, upstream: row.upstream, failures: row.failures }))
}

async function findOver(db: Database) {
  const { rows } = await db.query(
    `select market_id, upstream from llm_outages
      where closed_at is null and upstream not in (select upstream from (${OPEN_UPSTREAMS}) o)`,
  )
  return rows.map(row => ({ marketId: row.market_id, upstream: row.upstream }))
}

async function telling(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  marketId: string,
  tell: (client: DatabaseClient) => Promise<boolean>,
): Promise<void> {
  if (await inTransaction(db, tell)) await hint(marketId)
}

async function openOutage(
  client: DatabaseClient,
  marketId: string,
  upstream: string,
  failures: number,
): Promise<boolean> {
  const { rows } = await client.query(
    `insert into llm_outages (market_id, upstream, failures, opened_at) values ($1, $2, $3, clock_timestamp())
     on conflict (market_id, upstream) where closed_at is null do nothing returning outage_id`,
    [marketId, upstream, failures],
  )
  return (
    rows[0] !== undefined &&
    (await tell(client, marketId, rows[0].outage_id, 'opened', { upstream, failures }))
  )
}

async function closeOutage(client: DatabaseClient, marketId: string, upstream: string): Promise<boolean> {
  const { rows } = await client.query(
    `update llm_outages o set closed_at = clock_timestamp() from markets m
      where o.market_id = $1 and o.upstream = $2 and o.closed_at is null and m.market_id = o.market_id
     returning o.outage_id, o.failures, m.status = 'closed' as is_closed`,
    [marketId, upstream],
  )
  // A market that is over is told nothing more.
  if (rows[0] === undefined || rows[0].is_closed) return false
  const { outage_id, failures } = rows[0]
  return await tell(client, marketId, outage_id, 'closed', { upstream, failures })
}

async function tell(
  client: DatabaseClient,
  marketId: string,
  outageId: bigint,
  change: 'opened' | 'closed',
  data: { upstream: string; failures: number },
): Promise<boolean> {
  const batch = await startBatch(client, marketId)
  const operation = `llm-outage/${outageId}`
  await writeEvents(client, batch, [
    draftEvent(`${operation}/${change}`, `llm_circuit_${change}`, data, { correlationId: operation }),
  ])
  return (await closeBatch(client, batch, 1)).woken
}
