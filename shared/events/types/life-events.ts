import { z } from 'zod'
import { eventType } from './event-type.ts'
import { actor, agentName, credits, moment } from './fields.ts'

const byOperator = { actor, reason: z.string() }
const token = {
  token_id: z.string().describe('names the token; it is not the secret'),
  actor,
}

/** Agents from registration to death, and what runs and asks for them. The agent is the one in agent_id. */
export const lifeEvents = {
  agent_registered: eventType(
    'system',
    'A new agent, alive, with nothing: its endowment comes with credits_minted.',
    {
      initial_balance: credits,
      owner: z.string().nullable().optional().describe('who answers for it'),
    },
  ),
  agent_spawned: eventType(
    'system',
    "A new agent child_id, alive, with nothing, of its parent's owner. Fee and endowment come with credits_burned " +
      'and credits_transferred.',
    {
      parent_id: agentName,
      child_id: agentName,
      spawn_cost: credits,
      initial_balance: credits,
      model_tier: z.string().nullable(),
    },
  ),
  agent_dormant: eventType('system', 'The agent is dormant.', {
    final_balance: credits,
    reason: z.enum(['voluntary', 'insufficient_credits']),
  }),
  agent_awake: eventType('system', 'The agent is alive again.', {
    awakened_by: z.enum(['self', 'agent', 'system']),
    waker_id: agentName.optional().describe('the other agent that woke it'),
    current_balance: credits,
    actor: actor.optional().describe('the operator that woke it'),
    reason: z.string().optional(),
  }),
  agent_died: eventType('system', 'The agent is dead.', {
    final_balance: credits,
    reason: z.enum(['insufficient_credits']),
  }),
  agent_revived: eventType('system', 'An operator made a dead agent alive again.', byOperator),
  agent_frozen: eventType(
    'system',
    'An operator froze the agent: it keeps what it has and may not act.',
    byOperator,
  ),
  agent_unfrozen: eventType('system', 'A frozen agent may act again.', byOperator),
  agent_token_issued: eventType(
    'system',
    'The agent has a new token. Changes nothing that is rebuilt.',
    token,
  ),
  agent_token_revoked: eventType(
    'system',
    'A token of the agent is void from ends_at on. Changes nothing that is rebuilt.',
    {
      ...token,
      ends_at: moment.optional(),
      reason: z.string().optional().describe('replaced, or what the operator gave'),
    },
  ),
  lease_token_issued: eventType(
    'system',
    'There is a new token for the use of a lease, by its holder in agent_id. Changes nothing that is rebuilt.',
    { ...token, lease_id: z.uuid() },
  ),
  execution_started: eventType('system', "The agent's program runs within a lease.", {
    execution_id: z.string(),
    lease_id: z.uuid(),
  }),
  execution_terminated: eventType('system', "The agent's program has ended.", {
    execution_id: z.string(),
    exit_code: z.number().int().nullable().describe('null: it gave none'),
    reason: z.string().describe('finished, or what ended it: time, memory, tokens, operator, ...'),
  }),
  prompt_opened: eventType(
    'system',
    "The agent asks for a person's attention; what it offers comes with credits_escrowed.",
    {
      prompt_id: z.uuid(),
      lease_id: z.uuid(),
      amount: credits.describe('what it offers'),
      text: z.string(),
      expires_at: moment.nullable(),
    },
  ),
  prompt_expired: eventType(
    'system',
    'Nobody scored the prompt in time; its escrow comes back with escrow_released.',
    {
      prompt_id: z.uuid(),
    },
  ),
}
