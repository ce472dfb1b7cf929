import { v7 as uuidV7 } from 'uuid'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../../events/draft.ts'
import {
  type EndedToken,
  type IssueAgentToken,
  MAX_GRACE_SECONDS,
  type RevokeAgentTokens,
  type TokenAgent,
} from '../../identity/identity.ts'
import {
  refuseDead,
  refuseEndedToken,
  refuseFrozen,
  refuseUnknownToken,
  tokenProblem,
} from '../../identity/refuse-token.ts'
import { hashToken, newToken } from '../../identity/token.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { lockNamedAgent } from './lock-named-agent.ts'

/**
 * Gives an agent a new token, and ends those it had. The token is in the answer and nowhere else. Locks the agent,
 * then the sequence row.
 */
export async function issueAgentToken(
  db: Database,
  { marketId, agent, graceSeconds, actor }: IssueAgentToken,
): Promise<Outcome<{ agent: string; token: string; replaced: number }> & { woken?: boolean }> {
  if (!Number.isInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS) {
    return refuse('invalid_grace', `grace: 0 to ${MAX_GRACE_SECONDS} whole seconds`, 'grace')
  }
  const problem = textProblem({ marketId, agent })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const named = await lockNamedAgent(client, marketId, agent)
    if (!named.ok) return named
    const { agentId, status, frozen } = named.locked
    if (status === 'dead') return refuseDead(agent)
    if (frozen) return refuseFrozen(agent)
    const batch = await startBatch(client, marketId)
    const end = { endsAtMs: batch.nowMs + graceSeconds * 1000, isRevoked: false, reason: 'replaced', actor }
    const events = await endTokens(client, { agentId, agent }, end)
    const token = newToken('agent')
    const { rows } = await client.query(
      'insert into agent_tokens (token_hash, agent_id, issued_at) values ($1, $2, $3) returning token_id',
      [hashToken(token), agentId, new Date(batch.nowMs)],
    )
    const data = { token_id: String(rows[0].token_id), actor }
    const issued = draftEvent(uuidV7(), 'agent_token_issued', data, contextOf(agent))
    await writeEvents(client, batch, [...events, issued])
    const { woken } = await closeBatch(client, batch, events.length + 1)
    return { ok: true, agent, token, replaced: events.length, woken }
  })
}

/**
 * Ends every token an agent has, at once. Live connections are the caller's to close. Revoking again answers that
 * nothing was left. Locks the agent, then the sequence row.
 */
export async function revokeAgentTokens(
  db: Database,
  { marketId, agent, reason, actor }: RevokeAgentTokens,
): Promise<Outcome<{ agent: string; revoked: number }> & { woken?: boolean }> {
  const problem = textProblem({ marketId, agent, reason })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const named = await lockNamedAgent(client, marketId, agent)
    if (!named.ok) return named
    const { agentId } = named.locked
    const batch = await startBatch(client, marketId)
    const events = await endTokens(
      client,
      { agentId, agent },
      { endsAtMs: batch.nowMs, isRevoked: true, reason, actor },
    )
    if (events.length === 0) return { ok: true, agent, revoked: 0 }
    await writeEvents(client, batch, events)
    const { woken } = await closeBatch(client, batch, events.length)
    return { ok: true, agent, revoked: events.length, woken }
  })
}

/** Whose token this is. Refuses `unknown_token`, `wrong_token`, `token_expired`, `token_revoked`. */
export async function findAgentOfToken(db: Database, token: string): Promise<Outcome<TokenAgent>> {
  const problem = tokenProblem(token, 'agent')
  if (problem !== null) return problem
  const { rows } = await db.query({
    name: 'find-agent-of-token',
    text: `select t.token_id, t.ends_at, t.is_revoked, t.ends_at <= clock_timestamp() as is_over,
                  a.market_id, a.name, a.owner
             from agent_tokens t join agents a using (agent_id) where t.token_hash = $1`,
    values: [hashToken(token)],
  })
  const row = rows[0]
  if (row === undefined) return refuseUnknownToken()
  if (row.is_over) return refuseEndedToken(row.ends_at.getTime(), row.is_revoked)
  return {
    ok: true,
    marketId: row.market_id,
    agent: row.name,
    owner: row.owner,
    tokenId: row.token_id,
    endsAtMs: row.ends_at?.getTime() ?? null,
  }
}

/** Tokens that ended within the last `seconds`, at most `limit`: their connections are closed again, should one have slipped through. */
export async function listEndedTokens(db: Database, seconds: number, limit: number): Promise<EndedToken[]> {
  const { rows } = await db.query(
    `select a.market_id, a.name, e.token_id
       from (select agent_id, token_id, ends_at from agent_tokens where ends_at is not null
              union all
             select l.beneficiary_id, -t.token_id, l.ends_at
               from leases l join lease_tokens t using (lease_id) where l.status = 'revoked') e
       join agents a using (agent_id)
      where e.ends_at <= clock_timestamp() and e.ends_at > clock_timestamp() - make_interval(secs => $1)
      order by e.ends_at desc limit $2`,
    [seconds, limit],
  )
  return rows.map(row => ({ marketId: row.market_id, agent: row.name, tokenId: row.token_id }))
}

/** Ends the tokens of a locked agent that would be good for longer, and tells each. */
async function endTokens(
  client: DatabaseClient,
  { agentId, agent }: { agentId: bigint; agent: string },
  {
    endsAtMs,
    isRevoked,
    reason,
    actor,
  }: { endsAtMs: number; isRevoked: boolean; reason: string; actor: string },
): Promise<EventDraft[]> {
  const endsAt = new Date(endsAtMs)
  const { rows } = await client.query(
    `update agent_tokens set ends_at = $2, is_revoked = $3
      where agent_id = $1 and (ends_at is null or ends_at > $2) returning token_id`,
    [agentId, endsAt, isRevoked],
  )
  const operation = uuidV7()
  return rows.map(row => {
    const data = { token_id: String(row.token_id), ends_at: endsAt.toISOString(), reason, actor }
    return draftEvent(operation, 'agent_token_revoked', data, contextOf(agent))
  })
}

function contextOf(agent: string) {
  return { agent, correlationId: `token/${agent}` }
}
