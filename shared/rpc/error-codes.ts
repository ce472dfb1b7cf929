/** What any operation may answer instead of a result, whatever it is asked. */
export const COMMON_ERRORS = {
  invalid_json: 'the message is not one JSON object that can be read exactly',
  message_too_large: 'the message has more bytes than a request may have',
  invalid_request: 'a field is missing, unknown or out of bounds; `field` names it',
  unknown_operation: 'there is no such operation',
  unknown_market: 'there is no such market',
  unknown_agent: 'an agent that is named does not exist in this market',
  agent_not_alive: 'an agent that is named is dead',
  agent_frozen: 'an operator froze an agent that is named: it may look, and do nothing else',
  too_many_requests:
    'this agent, or those of its owner together, ask faster than the gateway answers one; nothing was done',
  overloaded: 'the gateway has as much waiting as it may; nothing was done, try again later',
  reply_too_large: 'the answer has more bytes than a message may have: ask for less at once',
  deadline_exceeded: 'no answer in time; whether it was done is open, ask again under the same key',
  internal_error: 'something failed that is not the caller’s fault; ask again under the same key',
} as const

/** What single operations may answer besides. */
const SPECIAL_ERRORS = {
  idempotency_conflict: 'the key was used before for something else',
  invalid_amount: 'the amount is out of bounds',
  agent_exists: 'the market has an agent of this id already',
  invalid_program: 'the program cannot be: `field` says what is wrong with it',
  same_agent: 'an agent cannot do this with itself',
  insufficient_balance: 'not enough credits are available; `required` and `available` say how many',
  invalid_bid: 'the bid cannot be read; `field` says where',
  invalid_bundle: 'the market does not sell this bundle',
  below_reserve: 'the amount is below what the market admits; `required` says the least',
  too_many_open_bids: 'the agent has as many open bids as it may',
  rate_limited: 'the agent bids more often than the market allows',
  market_closed: 'the market takes no more bids',
  unknown_bid: 'there is no such bid of this agent',
  bid_not_open: 'the bid was decided already',
  invalid_prompt: 'the prompt is empty, too long or no plain text',
  no_active_lease: 'the agent holds no such lease now',
  no_attention: 'the lease has no attention',
  too_many_open_prompts: 'the agent has as many open prompts as it may',
  unknown_prompt: 'there is no such prompt of this agent',
  too_many_messages: 'the agent wrote as many messages in the last minute as it may',
  too_many_services: 'the agent offers as many services as it may',
  unknown_service: 'the provider offers no such service',
  cost_above_limit: 'the service costs more than `maxCost`',
  too_many_open_calls: 'as many of the agent’s calls wait for answers as may',
  unknown_call: 'there is no such call of a service of this agent',
  call_over: 'the call is over, and ended otherwise',
  unknown_lease: 'there is no such lease of this agent',
  lease_ended: 'the lease is over',
  no_task: 'the agent was given no task',
  no_workspace: 'the agent was given no program to improve',
  unknown_module: 'the agent’s program has no such module, or it may not be changed',
  unknown_change: 'the agent proposed no such change',
  workspace_changed: 'another change was applied while this one was tested; nothing was done',
  sandbox_unavailable: 'programs cannot be run where the gateway is',
  lease_active: 'the agent has an active lease: it is at work',
} as const

export type ErrorCode = keyof typeof COMMON_ERRORS | keyof typeof SPECIAL_ERRORS

/** Every code a reply may carry, and what it means. */
export const ERROR_CODES: Record<ErrorCode, string> = { ...COMMON_ERRORS, ...SPECIAL_ERRORS }
