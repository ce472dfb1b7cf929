import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { runAgentOperation } from '../agent-operation.ts'
import { findAgentId } from '../agents/find-agent-id.ts'
import type { Database } from '../pool.ts'

/** One agent writes at most this many messages in a minute. */
export const MESSAGES_PER_MINUTE_MAX = 60

export interface SentMessage {
  marketId: string
  from: string
  to: string
  text: string
  key: string | null
}

export interface ReceivedMessage {
  messageId: string
  from: string
  text: string
  sentAt: string
}

/** Stores a message for another agent and tells that it was sent, but not what it says. */
export function sendMessage(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  { marketId, from, to, text, key }: SentMessage,
): Promise<Outcome<{ messageId: string }>> {
  return runAgentOperation<{ messageId: string }>(db, hint, {
    marketId,
    agent: from,
    key,
    content: { operation: 'social.message', to, text },
    others: [to],
    async act({ client, batch, agents, caller, operationId }) {
      const receiver = agents.get(to)
      if (receiver === undefined) {
        const message = `there is no agent ${JSON.stringify(to)} in this market`
        return { outcome: refuse('unknown_agent', message, 'to') }
      }
      if (receiver.isDead) return { outcome: refuse('agent_not_alive', `agent ${to} is dead`, 'to') }
      if (to === from) return { outcome: refuse('same_agent', 'an agent does not write to itself', 'to') }
      const { rows } = await client.query(
        `select count(*) as sent from messages where from_id = $1 and sent_at > $2::timestamptz - interval '1 minute'`,
        [caller.agentId, new Date(batch.nowMs)],
      )
      if (rows[0].sent >= MESSAGES_PER_MINUTE_MAX) {
        const allowed = `${MESSAGES_PER_MINUTE_MAX} messages a minute`
        return { outcome: refuse('too_many_messages', `agent ${from} may write ${allowed}`) }
      }
      await client.query(
        `insert into messages (message_id, market_id, from_id, to_id, text, sent_at) values ($1, $2, $3, $4, $5, $6)`,
        [operationId, marketId, caller.agentId, receiver.agentId, text, new Date(batch.nowMs)],
      )
      const data = { from, to, message_id: operationId }
      const context = { agent: from, correlationId: operationId }
      return {
        outcome: { ok: true, messageId: operationId },
        events: [draftEvent(operationId, 'message_sent', data, context)],
      }
    },
  })
}

/** What was written to an agent after message `after` (null: from the first), the oldest first, at most `limit`. */
export async function readInbox(
  db: Database,
  { marketId, agent }: { marketId: string; agent: string },
  limit: number,
  after: string | null,
): Promise<Outcome<{ items: ReceivedMessage[]; more: boolean }>> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) return found
  // One more than asked, to know whether anything is left.
  const { rows } = await db.query(
    `select m.message_id, m.text, m.sent_at, a.name as sender from messages m join agents a on a.agent_id = m.from_id
      where m.to_id = $1 and m.number > coalesce(
              (select number from messages where message_id = $2 and to_id = $1), case when $2 is null then 0 end)
      order by m.number limit $3`,
    [found.agentId, after, limit + 1],
  )
  const items = rows.slice(0, limit).map(row => ({
    messageId: row.message_id,
    from: row.sender,
    text: row.text,
    sentAt: row.sent_at.toISOString(),
  }))
  return { ok: true, items, more: rows.length > limit }
}
