import { v7 as uuidV7 } from 'uuid'
import type {
  AllowanceHolder,
  AllowanceSummary,
  Allowances,
  EndAllowanceRequest,
  PaidAllowances,
  SetAllowanceRequest,
} from '../../allowance/allowance.ts'
import {
  allowanceEndedEvent,
  allowanceProblem,
  allowanceSetEvent,
  changeAllowance,
  periodAt,
  refuseUnbegun,
  refuseUnknownOwner,
  summariseAllowance,
} from '../../allowance/decisions.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { refuseMintExhausted } from '../../ledger/mint-limit.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { formatCredits } from '../../money/credits.ts'
import { lockNamedAgent } from '../agents/lock-named-agent.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { isMintExhausted } from '../ledger/mint-limit.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { readClock } from '../read-clock.ts'
import { inTransaction } from '../transaction.ts'
import { payPage } from './pay-page.ts'
import { ALLOWANCE_COLUMNS, type AllowanceRow, allowanceOf } from './rows.ts'

/** Allowances on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresAllowances(
  db: Database,
  hint: (marketId: string) => Promise<void>,
): Allowances {
  async function hinted<T extends object>(
    marketId: string,
    change: Promise<Outcome<T> & { woken?: boolean }>,
  ): Promise<Outcome<T>> {
    const { woken, ...outcome } = await change
    if (woken) await hint(marketId)
    return outcome as Outcome<T>
  }

  return {
    async set(request) {
      const problem = allowanceProblem(request)
      if (problem !== null) return problem
      return await hinted(
        request.marketId,
        inTransaction(db, client => setAllowance(client, request)),
      )
    },
    async end(request) {
      const problem = textProblem({ marketId: request.marketId, ...request.holder })
      if (problem !== null) return problem
      return await hinted(
        request.marketId,
        inTransaction(db, client => endAllowance(client, request)),
      )
    },
    async pay({ marketId, periodSeconds, atMs }) {
      const status = await statusOf(db, marketId)
      if (status === null) return refuseUnknownMarket(marketId)
      if (isOver(status)) return refuseClosed(marketId)
      const problem = refuseUnbegun(atMs, periodSeconds, (await readClock(db)).getTime())
      if (problem !== null) return problem
      const period = periodAt(atMs, periodSeconds)
      try {
        return { ok: true, ...(await payAll(db, hint, { marketId, periodSeconds, period })) }
      } catch (error) {
        if (isMintExhausted(error)) return refuseMintExhausted(marketId)
        throw error
      }
    },
    async list(marketId, limit) {
      if ((await statusOf(db, marketId)) === null) return refuseUnknownMarket(marketId)
      const { rows } = await db.query(
        `select ${ALLOWANCE_COLUMNS} from allowances l left join agents a using (agent_id)
          where l.market_id = $1 order by a.name nulls last, l.owner limit $2`,
        [marketId, limit],
      )
      return { ok: true, items: rows.map(row => summariseAllowance(allowanceOf(row))) }
    },
  }
}

/** Locks the agent or the owner, the allowance, and last the sequence row. */
async function setAllowance(
  client: DatabaseClient,
  request: SetAllowanceRequest,
): Promise<Outcome<{ allowance: AllowanceSummary; changed: boolean }> & { woken?: boolean }> {
  const { marketId, holder, actor } = request
  const status = await statusOf(client, marketId)
  if (status === null) return refuseUnknownMarket(marketId)
  if (isOver(status)) return refuseClosed(marketId)
  const locked = await lockHolder(client, marketId, holder)
  if (!locked.ok) return locked
  const row = await lockAllowance(client, marketId, locked)
  const batch = await startBatch(client, marketId)
  const before = row === null ? null : allowanceOf(row)
  const allowance = changeAllowance(before, request, batch.nowMs)
  if (allowance === null) {
    // Said again, it is the remedy for a schedule that somebody deleted.
    await client.query('update allowances set scheduled = false where allowance_id = $1', [row!.allowance_id])
    return { ok: true, allowance: summariseAllowance(before!), changed: false }
  }
  if (row !== null) await client.query('delete from allowances where allowance_id = $1', [row.allowance_id])
  await client.query(
    `insert into allowances (market_id, agent_id, owner, amount_micro, cap_micro, period_seconds, paid_period,
                             unspent_micro, given_by, given_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      marketId,
      locked.agentId,
      locked.owner,
      allowance.amountMicro,
      allowance.capMicro,
      allowance.periodSeconds,
      allowance.paidPeriod,
      allowance.unspentMicro,
      actor,
      new Date(batch.nowMs),
    ],
  )
  await writeEvents(client, batch, [allowanceSetEvent(uuidV7(), allowance, actor)])
  const { woken } = await closeBatch(client, batch, 1)
  return { ok: true, allowance: summariseAllowance(allowance), changed: true, woken }
}

/** Locks the agent or the owner, the allowance, and last the sequence row. */
async function endAllowance(
  client: DatabaseClient,
  { marketId, holder, actor }: EndAllowanceRequest,
): Promise<Outcome<{ ended: boolean }> & { woken?: boolean }> {
  if ((await statusOf(client, marketId)) === null) return refuseUnknownMarket(marketId)
  const locked = await lockHolder(client, marketId, holder)
  if (!locked.ok) return locked
  const row = await lockAllowance(client, marketId, locked)
  if (row === null) return { ok: true, ended: false }
  const batch = await startBatch(client, marketId)
  await client.query('delete from allowances where allowance_id = $1', [row.allowance_id])
  await writeEvents(client, batch, [allowanceEndedEvent(uuidV7(), { holder, actor })])
  const { woken } = await closeBatch(client, batch, 1)
  return { ok: true, ended: true, woken }
}

interface LockedHolder {
  agentId: bigint | null
  owner: string | null
}

async function lockHolder(
  client: DatabaseClient,
  marketId: string,
  holder: AllowanceHolder,
): Promise<Outcome<LockedHolder>> {
  if ('agent' in holder) {
    const named = await lockNamedAgent(client, marketId, holder.agent)
    return named.ok ? { ok: true, agentId: named.locked.agentId, owner: null } : named
  }
  const { rows } = await client.query(
    'select owner from owners where market_id = $1 and owner = $2 for no key update',
    [marketId, holder.owner],
  )
  if (rows.length === 0) return refuseUnknownOwner(marketId, holder.owner)
  return { ok: true, agentId: null, owner: holder.owner }
}

async function lockAllowance(
  client: DatabaseClient,
  marketId: string,
  { agentId, owner }: LockedHolder,
): Promise<(AllowanceRow & { allowance_id: bigint }) | null> {
  const { rows } = await client.query(
    `select l.allowance_id, ${ALLOWANCE_COLUMNS} from allowances l left join agents a using (agent_id)
      where l.market_id = $1 and (l.agent_id = $2 or l.owner = $3) for no key update of l`,
    [marketId, agentId, owner],
  )
  return rows[0] ?? null
}

/** Pays page after page, each in a transaction of its own; whoever pays beside it leaves less to pay. */
async function payAll(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  due: { marketId: string; periodSeconds: number; period: number },
): Promise<PaidAllowances> {
  let agents = 0
  let amountMicro = 0n
  for (let after: bigint | null = 0n; after !== null; ) {
    const from: bigint = after
    const page = await inTransaction(db, client => payPage(client, due, from))
    if (page.woken) await hint(due.marketId)
    agents += page.agents
    amountMicro += page.amountMicro
    after = page.last
  }
  return { period: due.period, agents, amount: formatCredits(amountMicro) }
}

async function statusOf(db: Database | DatabaseClient, marketId: string): Promise<string | null> {
  const { rows } = await db.query('select status from markets where market_id = $1', [marketId])
  return rows[0]?.status ?? null
}

function isOver(status: string): boolean {
  return status === 'closing' || status === 'closed'
}

function refuseClosed(marketId: string) {
  return refuse('market_closed', `market ${marketId} is closed, and pays no allowances`, 'marketId')
}
