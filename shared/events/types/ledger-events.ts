import { z } from 'zod'
import { eventType } from './event-type.ts'
import { actor, agentName, credits } from './fields.ts'

const reason = z.string().describe('why, for people and reports')
const hold = {
  hold_id: z.uuid(),
  amount: credits,
  ref: z.string().describe('what the credits are set aside for'),
}
const escrow = {
  agent_id: agentName,
  amount: credits,
  ref: z.string().describe('what the credits wait for: the id of a prompt'),
}
const allowed = {
  agent_id: agentName.nullable(),
  owner: z.string().nullable().describe('all agents of this owner together; then agent_id is null'),
}
const points = z.number().min(0).max(10)

/** Credits made, moved, set aside and destroyed. Balances change by these and by nothing else. */
export const ledgerEvents = {
  balance_queried: eventType('system', 'An agent asked for its balance. Changes nothing.', {
    balance: credits,
  }),
  credits_minted: eventType('system', "New credits: adds amount to the agent's available and to minted.", {
    agent_id: agentName,
    amount: credits,
    reason,
    ref: z.string().describe('the operation, prompt or lease that they come from'),
    actor: actor.optional(),
  }),
  credits_transferred: eventType(
    'system',
    "Takes amount from from_agent's available, adds it to to_agent's. After hold_settled, the first one under the " +
      'same correlation_id says who was paid.',
    { from_agent: agentName, to_agent: agentName, amount: credits, purpose: z.string() },
  ),
  credits_burned: eventType(
    'system',
    "Credits destroyed: takes amount from the agent's available, adds it to burned.",
    { agent_id: agentName, amount: credits, reason, actor: actor.optional() },
  ),
  ledger_adjusted: eventType(
    'system',
    'An operator corrected a balance. Changes nothing itself: credits_minted or credits_burned beside it does.',
    { agent_id: agentName, amount: credits.describe('negative: burned'), reason, actor },
  ),
  allowance_set: eventType(
    'system',
    'An operator gives regularly, or changed what it gives: from now on amount for each period of period_seconds, counted ' +
      'from 1970 on. What is paid comes with credits_minted.',
    {
      ...allowed,
      amount: credits,
      period_seconds: z.number().int().min(1),
      rollover_cap: credits.describe('what may be there unspent at most'),
      actor,
    },
  ),
  allowance_ended: eventType('system', 'An allowance is paid no more.', { ...allowed, actor }),
  hold_placed: eventType(
    'system',
    'Credits set aside for a service call: moves amount from available to held of the agent in agent_id. ' +
      "(A bid's hold has no such event: it moves by the bid's own.)",
    hold,
  ),
  hold_settled: eventType(
    'system',
    'A hold is paid: moves amount from held back to available; the credits_transferred that follows under the ' +
      'same correlation_id takes it from there.',
    hold,
  ),
  hold_released: eventType('system', 'A hold is given back: moves amount from held to available.', hold),
  credits_escrowed: eventType(
    'system',
    "Takes amount from the agent's available, adds it to the market's escrow.",
    escrow,
  ),
  escrow_released: eventType(
    'system',
    "Takes amount from escrow, gives it back to the agent's available.",
    escrow,
  ),
  escrow_burned: eventType('system', 'Takes amount from escrow, adds it to burned.', escrow),
  human_reward_issued: eventType(
    'system',
    'A person scored a prompt, which is rewarded: the credits come with credits_minted, its escrow goes with ' +
      'escrow_burned.',
    {
      prompt_id: z.uuid(),
      scores: z.strictObject({ interesting: points, useful: points, understandable: points }),
      credits_awarded: credits,
      actor,
    },
  ),
}
