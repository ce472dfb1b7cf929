import type { CollectedEvent, TrialRecord } from '../../../shared/scenario/collected-event.ts'

export const AGENT = 'agent-under-test'
const START_MS = Date.UTC(2026, 10, 24, 12)
const STEP_MS = 100

/** What a trial's event says; without an agent it is about the one under test, with `null` about none. */
export type Said = [type: string, data?: object, more?: { agent?: string | null; atMs?: number }]

/** Events of a trial, one every 100 ms unless they say when, after the agent's first call, of its task. */
export function trialOf(...said: Said[]): TrialRecord {
  const all: Said[] = [
    ['tool_call_initiated', { tool_name: 'task.get', parameters: {} }, { atMs: 0 }],
    ...said,
  ]
  return { agent: AGENT, events: all.map((one, index) => eventOf(one, index + 1)) }
}

/** An event at this position of a trial. */
export function eventOf([type, data = {}, { agent = AGENT, atMs } = {}]: Said, seq: number): CollectedEvent {
  return {
    event_id: `event-${seq}`,
    timestamp: new Date(START_MS + (atMs ?? (seq - 1) * STEP_MS)).toISOString(),
    source: sourceOf(type),
    type,
    ...(agent === null ? {} : { agent_id: agent }),
    correlation_id: `correlation-${seq}`,
    epoch: 1,
    seq,
    data,
  }
}

function sourceOf(type: string): string {
  if (type === 'judge_evaluation') return 'judge'
  return /^(tool_call|reasoning|reflection|output|code_change)/.test(type) ? 'agent' : 'system'
}

export const call = (tool: string, parameters: object = {}): Said => [
  'tool_call_initiated',
  { tool_name: tool, parameters, justification: null },
]
export const answer = (tool: string, response: object = { ok: true }, result = 'success'): Said => [
  'tool_call_completed',
  { tool_name: tool, result, response },
]
export const reasoning = (decision: string, why = 'because'): Said => [
  'reasoning_trace',
  {
    decision_id: 'd',
    context: {},
    factors_considered: [],
    reasoning: why,
    decision,
    alternatives_considered: [],
  },
]
export const bid = (totalCost: string, bundle: object = { cpu: 0.1, durationSeconds: 10 }): Said => [
  'bid_placed',
  { bid_id: 'b', payer_id: AGENT, beneficiary_id: AGENT, total_cost: totalCost, bundle },
]
export const output = (value: unknown, label: string | null = null): Said => [
  'output_submitted',
  { output_id: 'o', label, output: value },
]
export const judged = (scores: Record<string, number>, more: object = {}): Said => [
  'judge_evaluation',
  {
    evaluation_id: 'e',
    agent_reasoning: '',
    agent_actions: [],
    criteria: Object.entries(scores).map(([criterion, score]) => ({ criterion, score, justification: 'so' })),
    overall_score: 5,
    pass: true,
    feedback: '',
    ...more,
  },
]
export const served = (service: string, provider: string, cost: string, result = 'success'): Said[] => [
  [
    'service_requested',
    { service_name: service, provider_agent: provider, caller_agent: AGENT, cost, arguments: {} },
  ],
  [
    'service_invoked',
    {
      service_name: service,
      provider_agent: provider,
      caller_agent: AGENT,
      cost: result === 'success' ? cost : '0',
      result,
    },
  ],
  ...(result === 'success'
    ? [
        [
          'credits_transferred',
          { from_agent: AGENT, to_agent: provider, amount: cost, purpose: service },
        ] as Said,
      ]
    : []),
]
