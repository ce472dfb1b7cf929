import { type Outcome, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { amountProblem, formatCredits } from '../money/credits.ts'
import type {
  AdjustRequest,
  GrantRequest,
  HoldRequest,
  MovedCredits,
  PlacedHold,
  ReleaseHoldRequest,
  ResolvedHold,
  SettleHoldRequest,
  TransferRequest,
} from './ledger.ts'
import type { Movement, Party } from './movement.ts'

/** An agent's money as the ledger holds it while it decides. Balance is what is available and what is held. */
export interface LedgerAgent {
  agentId: bigint
  name: string
  isDead: boolean
  isFrozen: boolean
  availableMicro: bigint
  heldMicro: bigint
}

export interface LedgerHold {
  holdId: string
  agent: string
  amountMicro: bigint
  ref: string
  status: 'held' | 'settled' | 'released'
  settledTo: string | null
}

/** What an operation answers and, when it is accepted, everything it changes. */
export interface LedgerDecision<T> {
  outcome: Outcome<T>
  agents: LedgerAgent[]
  movements: Movement[]
  hold: LedgerHold | null
  events: EventDraft[]
}

type Accepted<T> = T extends Outcome<infer Content> ? Content : never
type Agents = ReadonlyMap<string, LedgerAgent>

export function decideTransfer(
  agents: Agents,
  request: TransferRequest,
  operationId: string,
): LedgerDecision<Accepted<MovedCredits>> {
  const { amountMicro, purpose } = request
  const from = agents.get(request.from)
  const to = agents.get(request.to)
  const problem =
    refuseAmount(amountMicro) ??
    refuseActor(from, request.from, 'from') ??
    refuseAgent(to, request.to, 'to') ??
    (from === to ? refuse('same_agent', 'an agent cannot transfer to itself', 'to') : null) ??
    refuseUnlessAvailable(from!, amountMicro)
  if (problem !== null) return unchanged(problem)
  const payer = { ...from!, availableMicro: from!.availableMicro - amountMicro }
  const payee = { ...to!, availableMicro: to!.availableMicro + amountMicro }
  const amount = formatCredits(amountMicro)
  return {
    outcome: { ok: true, operationId, balance: formatCredits(balanceMicro(payer)) },
    agents: [payer, payee],
    movements: [{ from: partyOf(payer), to: partyOf(payee), amountMicro, purpose, ref: operationId }],
    hold: null,
    events: [
      draftEvent(
        operationId,
        'credits_transferred',
        { from_agent: payer.name, to_agent: payee.name, amount, purpose },
        { agent: payer.name, correlationId: operationId },
      ),
    ],
  }
}

export function decideGrant(
  agents: Agents,
  request: GrantRequest,
  operationId: string,
): LedgerDecision<Accepted<MovedCredits>> {
  const { amountMicro, reason, actor } = request
  const found = agents.get(request.agent)
  const problem = refuseAmount(amountMicro) ?? refuseAgent(found, request.agent, 'agent')
  if (problem !== null) return unchanged(problem)
  const agent = { ...found!, availableMicro: found!.availableMicro + amountMicro }
  const data = {
    agent_id: agent.name,
    amount: formatCredits(amountMicro),
    reason,
    ref: operationId,
    ...(actor === undefined ? {} : { actor }),
  }
  return {
    outcome: { ok: true, operationId, balance: formatCredits(balanceMicro(agent)) },
    agents: [agent],
    movements: [{ from: 'mint', to: partyOf(agent), amountMicro, purpose: 'grant', ref: operationId }],
    hold: null,
    events: [
      draftEvent(operationId, 'credits_minted', data, { agent: agent.name, correlationId: operationId }),
    ],
  }
}

/** Corrects a balance: mints what is above zero, burns what is below, of what the agent has available. */
export function decideAdjust(
  agents: Agents,
  request: AdjustRequest,
  operationId: string,
): LedgerDecision<Accepted<MovedCredits>> {
  const { amountMicro, reason, actor } = request
  const found = agents.get(request.agent)
  const sizeMicro = amountMicro < 0n ? -amountMicro : amountMicro
  const problem =
    refuseAmount(sizeMicro) ??
    refuseAgent(found, request.agent, 'agent') ??
    (amountMicro < 0n ? refuseUnlessAvailable(found!, sizeMicro) : null)
  if (problem !== null) return unchanged(problem)
  const agent = { ...found!, availableMicro: found!.availableMicro + amountMicro }
  const ends =
    amountMicro < 0n
      ? { from: partyOf(agent), to: 'burn' as const }
      : { from: 'mint' as const, to: partyOf(agent) }
  const context = { agent: agent.name, correlationId: operationId }
  const moved = { agent_id: agent.name, amount: formatCredits(sizeMicro), reason: 'adjustment', actor }
  return {
    outcome: { ok: true, operationId, balance: formatCredits(balanceMicro(agent)) },
    agents: [agent],
    movements: [{ ...ends, amountMicro: sizeMicro, purpose: 'adjustment', ref: operationId }],
    hold: null,
    events: [
      draftEvent(
        operationId,
        'ledger_adjusted',
        { agent_id: agent.name, amount: formatCredits(amountMicro), reason, actor },
        context,
      ),
      amountMicro < 0n
        ? draftEvent(operationId, 'credits_burned', moved, context)
        : draftEvent(operationId, 'credits_minted', { ...moved, ref: operationId }, context),
    ],
  }
}

export function decidePlaceHold(
  agents: Agents,
  request: HoldRequest,
  operationId: string,
): LedgerDecision<Accepted<PlacedHold>> {
  const { amountMicro, ref } = request
  const found = agents.get(request.agent)
  const problem =
    refuseAmount(amountMicro) ??
    refuseActor(found, request.agent, 'agent') ??
    refuseUnlessAvailable(found!, amountMicro)
  if (problem !== null) return unchanged(problem)
  const agent = {
    ...found!,
    availableMicro: found!.availableMicro - amountMicro,
    heldMicro: found!.heldMicro + amountMicro,
  }
  const hold: LedgerHold = {
    holdId: operationId,
    agent: agent.name,
    amountMicro,
    ref,
    status: 'held',
    settledTo: null,
  }
  return {
    outcome: { ok: true, holdId: operationId, amount: formatCredits(amountMicro) },
    agents: [agent],
    movements: [],
    hold,
    events: [holdEvent('hold_placed', operationId, hold)],
  }
}

export function decideSettleHold(
  agents: Agents,
  hold: LedgerHold | null,
  request: SettleHoldRequest,
  operationId: string,
): LedgerDecision<Accepted<ResolvedHold>> {
  if (hold === null) return unchanged(unknownHold(request.holdId))
  const to = agents.get(request.to)
  if (hold.status !== 'held') {
    const isSame = hold.status === 'settled' && hold.settledTo === request.to
    return unchanged(isSame ? resolved(hold) : alreadyResolved(hold))
  }
  const problem =
    refuseAgent(to, request.to, 'to') ??
    (request.to === hold.agent ? refuse('same_agent', 'a hold is paid to another agent', 'to') : null)
  if (problem !== null) return unchanged(problem)
  const { amountMicro } = hold
  const held = agents.get(hold.agent)!
  const payer = { ...held, heldMicro: held.heldMicro - amountMicro }
  const payee = { ...to!, availableMicro: to!.availableMicro + amountMicro }
  const settled: LedgerHold = { ...hold, status: 'settled', settledTo: payee.name }
  const amount = formatCredits(amountMicro)
  const transferred = { from_agent: payer.name, to_agent: payee.name, amount, purpose: hold.ref }
  return {
    outcome: resolved(settled),
    agents: [payer, payee],
    movements: [{ from: partyOf(payer), to: partyOf(payee), amountMicro, purpose: 'hold', ref: hold.holdId }],
    hold: settled,
    events: [
      holdEvent('hold_settled', operationId, settled),
      draftEvent(operationId, 'credits_transferred', transferred, {
        agent: payer.name,
        correlationId: hold.holdId,
      }),
    ],
  }
}

export function decideReleaseHold(
  agents: Agents,
  hold: LedgerHold | null,
  request: ReleaseHoldRequest,
  operationId: string,
): LedgerDecision<Accepted<ResolvedHold>> {
  if (hold === null) return unchanged(unknownHold(request.holdId))
  if (hold.status !== 'held') {
    return unchanged(hold.status === 'released' ? resolved(hold) : alreadyResolved(hold))
  }
  const held = agents.get(hold.agent)!
  const agent = {
    ...held,
    availableMicro: held.availableMicro + hold.amountMicro,
    heldMicro: held.heldMicro - hold.amountMicro,
  }
  const released: LedgerHold = { ...hold, status: 'released' }
  return {
    outcome: resolved(released),
    agents: [agent],
    movements: [],
    hold: released,
    events: [holdEvent('hold_released', operationId, released)],
  }
}

/** An agent's balance in micro-credits. */
export function balanceMicro(agent: Pick<LedgerAgent, 'availableMicro' | 'heldMicro'>): bigint {
  return agent.availableMicro + agent.heldMicro
}

function unchanged<T>(outcome: Outcome<T>): LedgerDecision<T> {
  return { outcome, agents: [], movements: [], hold: null, events: [] }
}

/** An agent as an end of a movement, its balance being what it is after it. */
export function partyOf(agent: LedgerAgent): Party {
  return { agentId: agent.agentId, balanceAfterMicro: balanceMicro(agent) }
}

function holdEvent(
  type: 'hold_placed' | 'hold_settled' | 'hold_released',
  operationId: string,
  hold: LedgerHold,
): EventDraft {
  const data = { hold_id: hold.holdId, amount: formatCredits(hold.amountMicro), ref: hold.ref }
  return draftEvent(operationId, type, data, { agent: hold.agent, correlationId: hold.holdId })
}

function resolved(hold: LedgerHold): ResolvedHold {
  const status = hold.status === 'settled' ? 'settled' : 'released'
  return { ok: true, holdId: hold.holdId, status, amount: formatCredits(hold.amountMicro) }
}

function alreadyResolved(hold: LedgerHold) {
  const to = hold.settledTo === null ? '' : ` to ${hold.settledTo}`
  return refuse('hold_resolved', `hold ${hold.holdId} is ${hold.status}${to} already`, 'holdId')
}

function unknownHold(holdId: string) {
  return refuse('unknown_hold', `there is no hold ${JSON.stringify(holdId.slice(0, 63))}`, 'holdId')
}

/** Refuses an amount nobody may move, or answers null. */
export function refuseAmount(amountMicro: bigint) {
  const problem = amountProblem(amountMicro)
  return problem === null ? null : refuse('invalid_amount', problem, 'amount')
}

/** Refuses an agent that is not there or not alive, or answers null. */
export function refuseAgent(agent: LedgerAgent | undefined, name: string, field: string) {
  if (agent === undefined) {
    return refuse('unknown_agent', `there is no agent ${JSON.stringify(name)} in this market`, field)
  }
  return agent.isDead ? refuse('agent_not_alive', `agent ${name} is dead`, field) : null
}

/** Refuses an agent that may not act, or answers null. */
export function refuseActor(agent: LedgerAgent | undefined, name: string, field: string) {
  const problem = refuseAgent(agent, name, field)
  if (problem !== null || !agent?.isFrozen) return problem
  return refuse('agent_frozen', `agent ${name} is frozen: it may look and do nothing else`, field)
}

/** Refuses when the agent has less available than this, or answers null. */
export function refuseUnlessAvailable(agent: LedgerAgent, amountMicro: bigint) {
  if (agent.availableMicro >= amountMicro) return null
  const available = formatCredits(agent.availableMicro)
  const required = formatCredits(amountMicro)
  return refuse(
    'insufficient_balance',
    `agent ${agent.name} has ${available} credits available, ${required} are needed`,
    'amount',
    { required, available },
  )
}
