import { type Outcome, type Refusal, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import {
  decidePlaceHold,
  decideReleaseHold,
  decideSettleHold,
  type LedgerAgent,
  type LedgerDecision,
  type LedgerHold,
} from '../ledger/decisions.ts'
import { formatCredits } from '../money/credits.ts'

/** A caller has at most this many calls that wait for their answers. */
export const WAITING_CALLS_MAX = 64

/** A service as its provider offers it. */
export interface OfferedService {
  provider: string
  service: string
  costMicro: bigint
}

/** A call as it stands; its hold has the same id. */
export interface ServiceCall {
  callId: string
  caller: string
  provider: string
  service: string
  costMicro: bigint
  invokedAtMs: number
  deadlineAtMs: number
  status: 'waiting' | 'succeeded' | 'failed' | 'timed_out'
}

export interface Invocation {
  marketId: string
  caller: string
  provider: string
  service: string
  arguments: unknown
  /** The caller's limit; null: whatever it costs. */
  maxCostMicro: bigint | null
  timeoutSeconds: number
}

export type PlacedCall = { callId: string; status: 'waiting'; cost: string; deadlineAt: string }
export type EndedCall = { callId: string; status: 'succeeded' | 'failed' | 'timed_out'; paid: string }

/** What an invocation meets. */
interface Circumstances {
  operationId: string
  nowMs: number
  traceparent: string | null
  /** False: the market is closing or closed. */
  accepting: boolean
}

type Agents = ReadonlyMap<string, LedgerAgent>

/** Sets the cost aside and asks the provider; the call has the operation's id. */
export function decideInvocation(
  agents: Agents,
  offered: OfferedService | null,
  waitingCalls: number,
  invocation: Invocation,
  { operationId, nowMs, traceparent, accepting }: Circumstances,
): LedgerDecision<PlacedCall> {
  const { caller, provider, service, maxCostMicro } = invocation
  const refusal =
    (accepting ? null : refuse('market_closed', 'this market is closing: it takes no more calls')) ??
    refuseProvider(agents.get(provider), invocation) ??
    (offered === null ? unknownService(invocation) : null) ??
    refuseTooManyWaiting(waitingCalls) ??
    refuseAboveLimit(offered!, maxCostMicro)
  if (refusal !== null) return { ...UNCHANGED, outcome: refusal }
  const cost = formatCredits(offered!.costMicro)
  const held = decidePlaceHold(
    agents,
    {
      marketId: invocation.marketId,
      agent: caller,
      amountMicro: offered!.costMicro,
      ref: `service/${provider}/${service}`,
      key: null,
    },
    operationId,
  )
  if (!held.outcome.ok) return { ...UNCHANGED, outcome: held.outcome }
  const deadlineAt = new Date(nowMs + invocation.timeoutSeconds * 1000).toISOString()
  const requested = draftEvent(
    operationId,
    'service_requested',
    {
      call_id: operationId,
      caller_agent: caller,
      provider_agent: provider,
      service_name: service,
      cost,
      arguments: invocation.arguments,
      deadline_at: deadlineAt,
    },
    { agent: caller, correlationId: operationId, traceparent },
  )
  return {
    ...held,
    outcome: { ok: true, callId: operationId, status: 'waiting', cost, deadlineAt },
    events: [...held.events, requested],
  }
}

/**
 * Ends a call: paid on success, given back otherwise. One that is over answers how it ended, to its provider and only
 * when that is what is said again.
 */
export function decideCallEnd(
  agents: Agents,
  call: ServiceCall,
  hold: LedgerHold,
  ending: 'succeeded' | 'failed' | 'timed_out',
  { operationId, nowMs }: { operationId: string; nowMs: number },
): LedgerDecision<EndedCall> {
  const { callId, provider, costMicro } = call
  const paid = ending === 'succeeded' ? formatCredits(costMicro) : '0'
  const outcome: Outcome<EndedCall> = { ok: true, callId, status: ending, paid }
  if (call.status !== 'waiting') {
    return { ...UNCHANGED, outcome: call.status === ending ? outcome : refuseOver(call) }
  }
  const request = { marketId: '', holdId: callId }
  const resolved =
    ending === 'succeeded'
      ? decideSettleHold(agents, hold, { ...request, to: provider }, operationId)
      : decideReleaseHold(agents, hold, request, operationId)
  if (!resolved.outcome.ok) return { ...UNCHANGED, outcome: resolved.outcome }
  return {
    ...resolved,
    outcome,
    events: [...resolved.events, endedEvent(call, ending, paid, operationId, nowMs)],
  }
}

const RESULTS = { succeeded: 'success', failed: 'failure', timed_out: 'timeout' } as const

function endedEvent(
  call: ServiceCall,
  ending: keyof typeof RESULTS,
  paid: string,
  operationId: string,
  nowMs: number,
): EventDraft {
  return draftEvent(
    operationId,
    'service_invoked',
    {
      call_id: call.callId,
      caller_agent: call.caller,
      provider_agent: call.provider,
      service_name: call.service,
      cost: paid,
      result: RESULTS[ending],
      execution_time_ms: Math.max(0, nowMs - call.invokedAtMs),
    },
    { agent: call.caller, correlationId: call.callId },
  )
}

const UNCHANGED = { agents: [], movements: [], hold: null, events: [] }

function refuseProvider(
  provider: LedgerAgent | undefined,
  { caller, provider: name }: Invocation,
): Refusal | null {
  if (provider === undefined) {
    return refuse('unknown_agent', `there is no agent ${JSON.stringify(name)} in this market`, 'provider')
  }
  if (provider.isDead) return refuse('agent_not_alive', `agent ${name} is dead`, 'provider')
  if (provider.isFrozen)
    return refuse('agent_frozen', `agent ${name} is frozen and cannot answer`, 'provider')
  return caller === name ? refuse('same_agent', 'an agent does not call its own services', 'provider') : null
}

function unknownService({ provider, service }: Invocation): Refusal {
  return refuse(
    'unknown_service',
    `agent ${provider} offers no service ${JSON.stringify(service)}`,
    'service',
  )
}

function refuseTooManyWaiting(waitingCalls: number): Refusal | null {
  if (waitingCalls < WAITING_CALLS_MAX) return null
  return refuse('too_many_open_calls', `${waitingCalls} of your calls wait for answers, the most allowed`)
}

function refuseAboveLimit({ costMicro }: OfferedService, maxCostMicro: bigint | null): Refusal | null {
  if (maxCostMicro === null || costMicro <= maxCostMicro) return null
  const cost = formatCredits(costMicro)
  return refuse('cost_above_limit', `it costs ${cost} credits, above the limit given`, 'maxCost')
}

function refuseOver({ callId, status }: ServiceCall): Refusal {
  return refuse('call_over', `call ${callId} is over: it ${status.replace('_', ' ')}`, 'callId')
}
