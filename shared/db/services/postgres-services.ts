import { v7 as uuidV7 } from 'uuid'
import { refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import type { LedgerAgent } from '../../ledger/decisions.ts'
import { formatCredits } from '../../money/credits.ts'
import {
  decideCallEnd,
  decideInvocation,
  type OfferedService,
  type ServiceCall,
} from '../../service/service-call.ts'
import { SERVICES_PER_AGENT_MAX, type Services } from '../../service/services.ts'
import { runAgentOperation } from '../agent-operation.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { lockHold, lockLedgerAgents, writeHold, writeLedgerAgents } from '../ledger/postgres-ledger.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { SELECT_SERVICE_CALLS } from './service-calls.ts'

/** At most this many calls are given up in one transaction; the market comes back for the rest. */
const EXPIRED_CALLS_MAX = 100

/** Services on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresServices(db: Database, hint: (marketId: string) => Promise<void>): Services {
  return {
    register: ({ marketId, provider, service, costMicro, specification, key }) =>
      runAgentOperation<{ service: string; cost: string }>(db, hint, {
        marketId,
        agent: provider,
        key,
        content: { operation: 'service.register', service, costMicro, specification },
        async act({ client, batch, caller, operationId }) {
          const { rows } = await client.query(
            'select count(*) as others from services where provider_id = $1 and name <> $2',
            [caller.agentId, service],
          )
          if (rows[0].others >= SERVICES_PER_AGENT_MAX) {
            const message = `agent ${provider} offers ${SERVICES_PER_AGENT_MAX} services, the most allowed`
            return { outcome: refuse('too_many_services', message) }
          }
          await client.query(
            `insert into services (market_id, provider_id, name, cost_micro, specification, registered_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $6)
             on conflict (provider_id, name) do update
               set cost_micro = excluded.cost_micro, specification = excluded.specification, changed_at = excluded.changed_at`,
            [
              marketId,
              caller.agentId,
              service,
              costMicro,
              JSON.stringify(specification),
              new Date(batch.nowMs),
            ],
          )
          const cost = formatCredits(costMicro)
          const data = { service_name: service, advertised_cost: cost, specification }
          const context = { agent: provider, correlationId: operationId }
          return {
            outcome: { ok: true, service, cost },
            events: [draftEvent(operationId, 'service_registered', data, context)],
          }
        },
      }),

    invoke: ({ key, traceparent, ...invocation }) => {
      const { marketId, caller: agent, provider, service, maxCostMicro, timeoutSeconds } = invocation
      return runAgentOperation(db, hint, {
        marketId,
        agent,
        key,
        content: {
          operation: 'service.invoke',
          provider,
          service,
          arguments: invocation.arguments,
          maxCostMicro,
          timeoutSeconds,
        },
        others: [provider],
        async act({ client, batch, agents, caller, operationId }) {
          const providerId = agents.get(provider)?.agentId ?? null
          const offered = await readOffer(client, providerId, provider, service)
          const waiting = await countWaiting(client, caller.agentId)
          const nowMs = batch.nowMs
          const decision = decideInvocation(agents, offered, waiting, invocation, {
            operationId,
            nowMs,
            traceparent,
            accepting: await isAccepting(client, marketId),
          })
          if (!decision.outcome.ok) return decision
          await writeHold(client, batch, agents, decision.hold!)
          await client.query(
            `insert into service_calls (call_id, market_id, caller_id, provider_id, service, arguments, invoked_at, deadline_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)`,
            [
              operationId,
              marketId,
              caller.agentId,
              providerId,
              service,
              JSON.stringify(invocation.arguments),
              new Date(nowMs),
              decision.outcome.deadlineAt,
            ],
          )
          return decision
        },
      })
    },

    async answer({ marketId, provider, callId, succeeded, result, key }) {
      const parties = await db.query(
        `select a.name from service_calls c join agents a on a.agent_id = c.caller_id
          where c.call_id = $1 and c.market_id = $2`,
        [callId, marketId],
      )
      const caller: string | undefined = parties.rows[0]?.name
      return await runAgentOperation(db, hint, {
        marketId,
        agent: provider,
        key,
        content: { operation: 'service.reply', callId, succeeded, result },
        others: caller === undefined ? [] : [caller],
        async act({ client, batch, agents, operationId }) {
          const call = caller === undefined ? null : await lockCall(client, callId)
          if (call?.provider !== provider) {
            return {
              outcome: refuse('unknown_call', `agent ${provider} was not asked in call ${callId}`, 'callId'),
            }
          }
          return await endCall(client, batch, {
            agents,
            call,
            ending: endingOf(call, succeeded, batch.nowMs),
            said: succeeded ? 'succeeded' : 'failed',
            result,
            operationId,
          })
        },
      })
    },

    expireCalls: async marketId => {
      const { expired, woken } = await inTransaction(db, client => expireCalls(client, marketId))
      if (woken) await hint(marketId)
      return expired
    },
  }
}

type Ending = 'succeeded' | 'failed' | 'timed_out'

/** An answer that comes after the deadline ends the call as nobody's answer would have. */
function endingOf(call: ServiceCall, succeeded: boolean, nowMs: number): Ending {
  if (call.status === 'waiting' && nowMs >= call.deadlineAtMs) return 'timed_out'
  return succeeded ? 'succeeded' : 'failed'
}

/** Decides a locked call's end and writes it, but for agents, movements and events. */
async function endCall(
  client: DatabaseClient,
  batch: BatchStart,
  end: {
    agents: ReadonlyMap<string, LedgerAgent>
    call: ServiceCall
    ending: Ending
    said: Ending
    result: unknown
    operationId: string
  },
) {
  const { agents, call, ending, operationId } = end
  const hold = await lockHold(client, call.callId)
  const { nowMs } = batch
  const decision = decideCallEnd(agents, call, hold, ending, { operationId, nowMs })
  if (decision.hold === null) return decision
  await writeHold(client, batch, agents, decision.hold)
  await client.query(
    'update service_calls set status = $2, result = $3, answered_at = $4 where call_id = $1',
    [call.callId, ending, ending === 'timed_out' ? null : JSON.stringify(end.result), new Date(nowMs)],
  )
  await client.query(
    `update services set succeeded = succeeded + $3, failed = failed + $4
      where provider_id = $1 and name = $2`,
    [
      agents.get(call.provider)!.agentId,
      call.service,
      ending === 'succeeded' ? 1 : 0,
      ending === 'succeeded' ? 0 : 1,
    ],
  )
  if (end.said === ending) return decision
  const late = refuse('call_over', `call ${call.callId} is over: it timed out`, 'callId')
  return { ...decision, outcome: late }
}

/** Locks the agents of calls that are due, then those calls; each ends for itself, all in one batch. */
async function expireCalls(
  client: DatabaseClient,
  marketId: string,
): Promise<{ expired: number; woken: boolean }> {
  const { rows } = await client.query(
    `select c.call_id, caller.name as caller, provider.name as provider
       from service_calls c
       join agents caller on caller.agent_id = c.caller_id
       join agents provider on provider.agent_id = c.provider_id
      where c.market_id = $1 and c.status = 'waiting' and c.deadline_at <= clock_timestamp()
      order by c.deadline_at, c.call_id limit $2`,
    [marketId, EXPIRED_CALLS_MAX],
  )
  if (rows.length === 0) return { expired: 0, woken: false }
  const names = [...new Set(rows.flatMap(row => [row.caller, row.provider]))]
  const agents = await lockLedgerAgents(client, marketId, names)
  const batch = await startBatch(client, marketId)
  const events = []
  for (const row of rows) {
    const call = await lockCall(client, row.call_id)
    if (call?.status !== 'waiting') continue
    const decision = await endCall(client, batch, {
      agents,
      call,
      ending: 'timed_out',
      said: 'timed_out',
      result: null,
      operationId: uuidV7(),
    })
    for (const agent of decision.agents) agents.set(agent.name, agent)
    events.push(...decision.events)
  }
  if (events.length === 0) return { expired: 0, woken: false }
  await writeLedgerAgents(client, [...agents.values()])
  await writeEvents(client, batch, events)
  return { expired: rows.length, ...(await closeBatch(client, batch, events.length)) }
}

async function readOffer(
  client: DatabaseClient,
  providerId: bigint | null,
  provider: string,
  service: string,
): Promise<OfferedService | null> {
  const { rows } = await client.query(
    'select cost_micro from services where provider_id = $1 and name = $2',
    [providerId, service],
  )
  return rows.length === 0 ? null : { provider, service, costMicro: rows[0].cost_micro }
}

async function isAccepting(client: DatabaseClient, marketId: string): Promise<boolean> {
  const { rows } = await client.query('select accepting from market_sequences where market_id = $1', [
    marketId,
  ])
  return rows[0].accepting
}

async function countWaiting(client: DatabaseClient, callerId: bigint): Promise<number> {
  const { rows } = await client.query(
    "select count(*) as waiting from service_calls where caller_id = $1 and status = 'waiting'",
    [callerId],
  )
  return Number(rows[0].waiting)
}

/** Locks a call; its agents must be locked. */
async function lockCall(client: DatabaseClient, callId: string): Promise<ServiceCall | null> {
  const { rows } = await client.query(
    `${SELECT_SERVICE_CALLS}
      where c.call_id = $1 for no key update of c`,
    [callId],
  )
  const row = rows[0]
  if (row === undefined) return null
  return {
    callId,
    caller: row.caller,
    provider: row.provider,
    service: row.service,
    costMicro: row.amount_micro,
    invokedAtMs: row.invoked_at.getTime(),
    deadlineAtMs: row.deadline_at.getTime(),
    status: row.status,
  }
}
