import { type Outcome, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { Movement } from '../ledger/movement.ts'
import { formatCredits, MAX_MINTED_MICRO } from '../money/credits.ts'
import { nameSchema } from './names.ts'

/** An agent as its registration asks for it. */
export interface Registration {
  agent: string
  owner?: string
  creditsMicro: bigint
}

/** Refuses a registration that no market would take, or answers null. */
export function registrationProblem({ agent, creditsMicro }: Registration) {
  const name = nameSchema.safeParse(agent)
  if (!name.success) return refuse('invalid_agent', `an agent's id ${name.error.issues[0]!.message}`, 'agent')
  if (creditsMicro >= 0n && creditsMicro <= MAX_MINTED_MICRO) return null
  const most = formatCredits(MAX_MINTED_MICRO)
  return refuse('invalid_amount', `an endowment is from 0 to ${most} credits`, 'credits')
}

export function refuseAgentExists(marketId: string, agent: string): Outcome<never> {
  return refuse('agent_exists', `market ${marketId} already has an agent ${JSON.stringify(agent)}`, 'agent')
}

/** What a registration tells, and the endowment it mints. */
export function registrationEffects(
  { agent, owner, creditsMicro }: Registration,
  agentId: bigint,
): { balance: string; events: EventDraft[]; movements: Movement[] } {
  const operation = `register/${agent}`
  const balance = formatCredits(creditsMicro)
  const context = { agent, correlationId: operation }
  const events: EventDraft[] = [
    draftEvent(operation, 'agent_registered', { initial_balance: balance, owner: owner ?? null }, context),
  ]
  if (creditsMicro === 0n) return { balance, events, movements: [] }
  const minted = { agent_id: agent, amount: balance, reason: 'endowment', ref: operation }
  events.push(draftEvent(operation, 'credits_minted', minted, context))
  const to = { agentId, balanceAfterMicro: creditsMicro }
  const endowment: Movement = {
    from: 'mint',
    to,
    amountMicro: creditsMicro,
    purpose: 'endowment',
    ref: operation,
  }
  return { balance, events, movements: [endowment] }
}
