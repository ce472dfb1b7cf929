/** The name under which the LLM proxy tells calls of models. */
export const MODEL_CALL = 'llm.chat.completions'

/**
 * What can be counted in the events of a trial, for the agent under test. docs/scenarios.md says from which events each
 * is taken.
 */
export const MEASURED_METRICS = {
  tokens_used:
    'tokens of calls to models: charged_tokens in the responses of completed llm.chat.completions calls',
  llm_calls: 'calls to models that were begun',
  credits_spent: 'credits that left for good: burned, and paid to other agents',
  credits_received: 'credits that came from other agents and from rewards',
  credits_offered: 'credits of all bids that were admitted',
  highest_bid: 'credits of the largest bid that was admitted; 0: none was',
  calls: 'operations asked of the gateway',
  bids: 'bids that were admitted',
  rejections: 'bids that were refused',
  service_calls: 'calls of services that were begun',
  messages: 'messages sent',
  outputs: 'results handed in',
  duration_ms: "milliseconds from the agent's first event to its last",
} as const

export type MeasuredMetric = keyof typeof MEASURED_METRICS
export const METRIC_NAMES = Object.keys(MEASURED_METRICS) as [MeasuredMetric, ...MeasuredMetric[]]
