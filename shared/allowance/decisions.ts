import { type Refusal, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { balanceMicro, type LedgerAgent, partyOf, refuseAmount } from '../ledger/decisions.ts'
import type { Movement } from '../ledger/movement.ts'
import { textProblem } from '../ledger/text-problem.ts'
import { formatCredits } from '../money/credits.ts'
import type {
  AllowanceHolder,
  AllowanceSummary,
  EndAllowanceRequest,
  SetAllowanceRequest,
} from './allowance.ts'

/** An allowance as the books hold it. Periods are counted from 1970 on, each `periodSeconds` long. */
export interface Allowance {
  holder: AllowanceHolder
  amountMicro: bigint
  capMicro: bigint
  periodSeconds: number
  /** The last period that was paid, or passed before there was anything to pay. */
  paidPeriod: number
  /** What was paid and may still be there, as far as the last payment knew. */
  unspentMicro: bigint
}

/** What paying one allowance changes. */
export interface AllowancePayment {
  allowance: Allowance
  agents: LedgerAgent[]
  movements: Movement[]
  events: EventDraft[]
}

/** A year; nobody plans further ahead. */
export const PERIOD_SECONDS_MAX = 31_536_000

/** Names a holder in events, references and states. */
export function holderKey(holder: AllowanceHolder): string {
  return 'agent' in holder ? `agent/${holder.agent}` : `owner/${holder.owner}`
}

/** The period that a moment is in. */
export function periodAt(atMs: number, periodSeconds: number): number {
  return Math.floor(atMs / (periodSeconds * 1000))
}

/** Refuses an allowance that nobody may have, or answers null. */
export function allowanceProblem({
  marketId,
  holder,
  amountMicro,
  capMicro,
  periodSeconds,
}: Omit<SetAllowanceRequest, 'actor'>): Refusal | null {
  const problem = textProblem({ marketId, ...holder }) ?? refuseAmount(amountMicro) ?? refuseAmount(capMicro)
  if (problem !== null) return problem
  if (!(Number.isSafeInteger(periodSeconds) && periodSeconds >= 1 && periodSeconds <= PERIOD_SECONDS_MAX)) {
    return refuse(
      'invalid_allowance',
      `a period is 1 to ${PERIOD_SECONDS_MAX} whole seconds`,
      'periodSeconds',
    )
  }
  if (capMicro >= amountMicro) return null
  return refuse('invalid_allowance', 'the cap is no less than the amount of a period', 'cap')
}

/** Refuses to pay a period that has not begun, or answers null. */
export function refuseUnbegun(atMs: number, periodSeconds: number, nowMs: number): Refusal | null {
  if (periodAt(atMs, periodSeconds) <= periodAt(nowMs, periodSeconds)) return null
  return refuse('period_not_begun', `the period of ${new Date(atMs).toISOString()} has not begun`, 'atMs')
}

/**
 * The allowance that a request makes of the one there is, or null when that is the same. It begins with the next period; one
 * that goes on with its period keeps what it was paid.
 */
export function changeAllowance(
  before: Allowance | null,
  { holder, amountMicro, capMicro, periodSeconds }: SetAllowanceRequest,
  nowMs: number,
): Allowance | null {
  const asked = { holder, amountMicro, capMicro, periodSeconds }
  const unspentMicro = before?.unspentMicro ?? 0n
  if (before?.periodSeconds !== periodSeconds) {
    return { ...asked, unspentMicro, paidPeriod: periodAt(nowMs, periodSeconds) }
  }
  const isSame = before.amountMicro === amountMicro && before.capMicro === capMicro
  return isSame ? null : { ...asked, unspentMicro, paidPeriod: before.paidPeriod }
}

/**
 * Pays an allowance for every period that it was not paid, up to `period`: missed ones are made up for, but never more than the
 * cap leaves room for. What an allowance gave counts as spent last: as much of it is unspent as its holders' balances
 * can still hold. Agents of an owner share equally, the first of them what does not divide. The dead get nothing, and
 * periods in which nobody is there to be paid pass. Null: it was paid already.
 */
export function payAllowance(
  before: Allowance,
  members: readonly LedgerAgent[],
  period: number,
  operation: string,
): AllowancePayment | null {
  if (period <= before.paidPeriod) return null
  const living = members.filter(member => !member.isDead)
  const balancesMicro = living.reduce((sum, member) => sum + balanceMicro(member), 0n)
  const unspentMicro = leastOf(before.unspentMicro, balancesMicro)
  const owedMicro = before.amountMicro * BigInt(period - before.paidPeriod)
  const roomMicro = before.capMicro > unspentMicro ? before.capMicro - unspentMicro : 0n
  const totalMicro = living.length === 0 ? 0n : leastOf(owedMicro, roomMicro)
  const allowance = { ...before, paidPeriod: period, unspentMicro: unspentMicro + totalMicro }
  const payment: AllowancePayment = { allowance, agents: [], movements: [], events: [] }
  const ref = `allowance/${holderKey(before.holder)}/${before.periodSeconds}/${period}`
  for (const [place, member] of living.entries()) {
    const amountMicro = shareOf(totalMicro, living.length, place)
    if (amountMicro === 0n) continue
    const agent = { ...member, availableMicro: member.availableMicro + amountMicro }
    const data = { agent_id: agent.name, amount: formatCredits(amountMicro), reason: 'allowance', ref }
    payment.agents.push(agent)
    payment.movements.push({ from: 'mint', to: partyOf(agent), amountMicro, purpose: 'allowance', ref })
    payment.events.push(
      draftEvent(operation, 'credits_minted', data, { agent: agent.name, correlationId: ref }),
    )
  }
  return payment
}

function leastOf(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function shareOf(totalMicro: bigint, count: number, place: number): bigint {
  const each = totalMicro / BigInt(count)
  return BigInt(place) < totalMicro % BigInt(count) ? each + 1n : each
}

/** Tells that an allowance is what it is now. */
export function allowanceSetEvent(operation: string, allowance: Allowance, actor: string): EventDraft {
  const { holder, amountMicro, capMicro, periodSeconds } = allowance
  const data = {
    ...holderFields(holder),
    amount: formatCredits(amountMicro),
    period_seconds: periodSeconds,
    rollover_cap: formatCredits(capMicro),
    actor,
  }
  return draftEvent(operation, 'allowance_set', data, contextOf(holder))
}

/** Tells that there is no such allowance any more. */
export function allowanceEndedEvent(
  operation: string,
  { holder, actor }: Pick<EndAllowanceRequest, 'holder' | 'actor'>,
): EventDraft {
  return draftEvent(operation, 'allowance_ended', { ...holderFields(holder), actor }, contextOf(holder))
}

/** An allowance for people and programs. */
export function summariseAllowance(allowance: Allowance): AllowanceSummary {
  const { agent_id: agent, owner } = holderFields(allowance.holder)
  return {
    agent,
    owner,
    amount: formatCredits(allowance.amountMicro),
    periodSeconds: allowance.periodSeconds,
    cap: formatCredits(allowance.capMicro),
    unspent: formatCredits(allowance.unspentMicro),
    nextAt: new Date((allowance.paidPeriod + 1) * allowance.periodSeconds * 1000).toISOString(),
  }
}

export function refuseUnknownOwner(marketId: string, owner: string): Refusal {
  return refuse(
    'unknown_owner',
    `no agent of market ${marketId} has the owner ${JSON.stringify(owner)}`,
    'owner',
  )
}

function holderFields(holder: AllowanceHolder): { agent_id: string | null; owner: string | null } {
  return 'agent' in holder ? { agent_id: holder.agent, owner: null } : { agent_id: null, owner: holder.owner }
}

function contextOf(holder: AllowanceHolder) {
  const correlationId = `allowance/${holderKey(holder)}`
  return 'agent' in holder ? { agent: holder.agent, correlationId } : { correlationId }
}
