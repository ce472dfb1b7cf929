import type { DatabaseClient } from './pool.ts'

export type SystemAccount = 'mint' | 'burn' | 'escrow'

/** One movement of credits. `agentBalanceMicro` is the agent's balance (available and held) after it. */
export type Movement = {
  agentId: bigint
  agentBalanceMicro: bigint
  amountMicro: bigint
  purpose: string
  ref: string
} & ({ from: SystemAccount } | { to: SystemAccount })

/**
 * Writes movements between agents and system accounts: a transfer and a posting for each, and one net posting
 * per system account, whose rows are locked in the order of their names. Agents' rows are the caller's to update.
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
     select $1, $2, case when from_account is null then agent_id end, from_account,
            case when to_account is null then agent_id end, to_account, amount_micro, purpose, ref, $3
       from unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[])
         as m(agent_id, from_account, to_account, amount_micro, purpose, ref)`,
    [
      batch.marketId,
      batch.batchId,
      at,
      movements.map(one => one.agentId),
      movements.map(one => ('from' in one ? one.from : null)),
      movements.map(one => ('to' in one ? one.to : null)),
      movements.map(one => one.amountMicro),
      movements.map(one => one.purpose),
      movements.map(one => one.ref),
    ],
  )
  const net = netBySystemAccount(movements)
  const { rows } = await client.query(
    `with locked as (
       select account from system_accounts where market_id = $1 and account = any($2) order by account for no key update)
     update system_accounts s set balance_micro = s.balance_micro + n.amount_micro
       from locked join unnest($2::text[], $3::bigint[]) as n(account, amount_micro) using (account)
      where s.market_id = $1 and s.account = locked.account
     returning s.account, n.amount_micro, s.balance_micro`,
    [batch.marketId, [...net.keys()], [...net.values()]],
  )
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
      [...movements.map(one => one.agentId), ...rows.map(() => null)],
      [...movements.map(() => null), ...rows.map(row => row.account)],
      [
        ...movements.map(one => ('to' in one ? -one.amountMicro : one.amountMicro)),
        ...rows.map(row => row.amount_micro),
      ],
      [...movements.map(one => one.agentBalanceMicro), ...rows.map(row => row.balance_micro)],
      [...movements.map(one => one.purpose), ...rows.map(() => 'net')],
      [...movements.map(one => one.ref), ...rows.map(() => `batch/${batch.batchId}`)],
    ],
  )
}

function netBySystemAccount(movements: readonly Movement[]): Map<SystemAccount, bigint> {
  const net = new Map<SystemAccount, bigint>()
  for (const one of movements) {
    const [account, amountMicro] = 'from' in one ? [one.from, -one.amountMicro] : [one.to, one.amountMicro]
    net.set(account, (net.get(account) ?? 0n) + amountMicro)
  }
  return net
}
