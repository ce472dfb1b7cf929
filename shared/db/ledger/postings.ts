import type { Movement, Party, SystemAccount } from '../../ledger/movement.ts'
import type { DatabaseClient } from '../pool.ts'

interface Posting {
  agentId: bigint | null
  account: SystemAccount | null
  amountMicro: bigint
  balanceAfterMicro: bigint
  purpose: string
  ref: string
}

/**
 * Writes movements: a transfer for each, a posting for each agent in it, and one net posting per system account,
 * whose rows are locked in the order of their names. Agents' rows are the caller's to update.
 */
export async function postMovements(
  client: DatabaseClient,
  batch: { marketId: string; batchId: bigint; nowMs: number },
  movements: readonly Movement[],
): Promise<void> {
  if (movements.length === 0) return
  const at = new Date(batch.nowMs)
  await client.query(
    `insert into transfers (market_id, batch_id, from_agent_id, from_account, to_agent_id, to_account,
                            amount_micro, purpose, ref, timestamp)
     select $1, $2, from_agent_id, from_account, to_agent_id, to_account, amount_micro, purpose, ref, $3
       from unnest($4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::text[], $10::text[])
         as m(from_agent_id, from_account, to_agent_id, to_account, amount_micro, purpose, ref)`,
    [
      batch.marketId,
      batch.batchId,
      at,
      movements.map(one => agentIdOf(one.from)),
      movements.map(one => accountOf(one.from)),
      movements.map(one => agentIdOf(one.to)),
      movements.map(one => accountOf(one.to)),
      movements.map(one => one.amountMicro),
      movements.map(one => one.purpose),
      movements.map(one => one.ref),
    ],
  )
  const postings = [...movements.flatMap(agentPostings), ...(await postNet(client, batch, movements))]
  await client.query(
    `insert into transactions (market_id, batch_id, agent_id, account, amount_micro, balance_after_micro,
                               purpose, ref, timestamp)
     select $1, $2, agent_id, account, amount_micro, balance_after_micro, purpose, ref, $3
       from unnest($4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
         as t(agent_id, account, amount_micro, balance_after_micro, purpose, ref)`,
    [
      batch.marketId,
      batch.batchId,
      at,
      postings.map(one => one.agentId),
      postings.map(one => one.account),
      postings.map(one => one.amountMicro),
      postings.map(one => one.balanceAfterMicro),
      postings.map(one => one.purpose),
      postings.map(one => one.ref),
    ],
  )
}

/** Moves the system accounts by what all movements together change, and answers their postings. */
async function postNet(
  client: DatabaseClient,
  batch: { marketId: string; batchId: bigint },
  movements: readonly Movement[],
): Promise<Posting[]> {
  const net = new Map<SystemAccount, bigint>()
  const add = (party: Party, amountMicro: bigint) => {
    if (typeof party === 'string') net.set(party, (net.get(party) ?? 0n) + amountMicro)
  }
  for (const { from, to, amountMicro } of movements) {
    add(from, -amountMicro)
    add(to, amountMicro)
  }
  const changed = [...net].filter(([, amountMicro]) => amountMicro !== 0n)
  if (changed.length === 0) return []
  const { rows } = await client.query(
    `with locked as (
       select account from system_accounts where market_id = $1 and account = any($2) order by account for no key update)
     update system_accounts s set balance_micro = s.balance_micro + n.amount_micro
       from locked join unnest($2::text[], $3::bigint[]) as n(account, amount_micro) using (account)
      where s.market_id = $1 and s.account = locked.account
     returning s.account, n.amount_micro, s.balance_micro`,
    [batch.marketId, changed.map(([account]) => account), changed.map(([, amountMicro]) => amountMicro)],
  )
  return rows.map(row => ({
    agentId: null,
    account: row.account,
    amountMicro: row.amount_micro,
    balanceAfterMicro: row.balance_micro,
    purpose: 'net',
    ref: `batch/${batch.batchId}`,
  }))
}

function agentPostings({ from, to, amountMicro, purpose, ref }: Movement): Posting[] {
  const posting = (party: Party, signedMicro: bigint): Posting[] =>
    typeof party === 'string' ? [] : [{ ...party, account: null, amountMicro: signedMicro, purpose, ref }]
  return [...posting(from, -amountMicro), ...posting(to, amountMicro)]
}

function agentIdOf(party: Party): bigint | null {
  return typeof party === 'string' ? null : party.agentId
}

function accountOf(party: Party): SystemAccount | null {
  return typeof party === 'string' ? party : null
}
