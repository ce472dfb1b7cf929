import type { CollectedEvent } from './collected-event.ts'
import { formatExactDecimal, readExactDecimal } from './exact-decimal.ts'
import { type MeasuredMetric, MODEL_CALL } from './measured-metrics.ts'
import { valuesAt } from './read-path.ts'
import type { TrialEvents } from './trial-events.ts'

/** What was measured, an exact decimal, and by which events; null: they do not say. */
export interface Measurement {
  value: string | null
  decidedBy: string[]
}

/** Measures a trial, for the agent under test. */
export function measure(trial: TrialEvents, metric: MeasuredMetric): Measurement {
  const { events, agent, elapsedMs } = trial
  const own = events.filter(event => event.agent_id === agent)
  const count = (type: string, ofTool?: string) => {
    const counted = own.filter(
      event => event.type === type && (ofTool === undefined || field(event, 'tool_name') === ofTool),
    )
    return { value: String(counted.length), decidedBy: idsOf(counted) }
  }
  switch (metric) {
    case 'tokens_used':
      return tokensUsed(own)
    case 'llm_calls':
      return count('tool_call_initiated', MODEL_CALL)
    case 'calls':
      return count('tool_call_initiated')
    case 'bids':
      return count('bid_placed')
    case 'rejections':
      return rejections(own)
    case 'service_calls':
      return count('service_requested')
    case 'messages':
      return count('message_sent')
    case 'outputs':
      return count('output_submitted')
    case 'credits_spent':
      return total(
        events.filter(event => isSpending(event, agent)),
        'amount',
      )
    case 'credits_received':
      return total(
        events.filter(event => isIncome(event, agent)),
        'amount',
      )
    case 'credits_offered':
      return total(own.filter(isBid), 'total_cost')
    case 'highest_bid':
      return highestBid(own.filter(isBid))
    case 'duration_ms': {
      const last = events.findLastIndex(event => event.agent_id === agent && event.source === 'agent')
      if (last === -1) return { value: '0', decidedBy: [] }
      return { value: String(elapsedMs[last]), decidedBy: [events[last]!.event_id] }
    }
  }
}

const isBid = (event: CollectedEvent) => event.type === 'bid_placed'

/** What left for good by the agent's doing; what an operator took is none of it. */
function isSpending(event: CollectedEvent, agent: string): boolean {
  if (event.type === 'credits_transferred') return field(event, 'from_agent') === agent
  if (event.type === 'credits_burned')
    return field(event, 'agent_id') === agent && field(event, 'actor') === undefined
  return event.type === 'escrow_burned' && field(event, 'agent_id') === agent
}

function isIncome(event: CollectedEvent, agent: string): boolean {
  if (event.type === 'credits_transferred') return field(event, 'to_agent') === agent
  return event.type === 'human_reward_issued' && event.agent_id === agent
}

function total(events: readonly CollectedEvent[], path: string): Measurement {
  let sum = 0n
  for (const event of events) {
    const amount = readExactDecimal(
      field(event, event.type === 'human_reward_issued' ? 'credits_awarded' : path),
    )
    if (amount === null) return { value: null, decidedBy: [event.event_id] }
    sum += amount
  }
  return { value: formatExactDecimal(sum), decidedBy: idsOf(events) }
}

function highestBid(bids: readonly CollectedEvent[]): Measurement {
  let highest = { amount: 0n, ids: [] as string[] }
  for (const bid of bids) {
    const amount = readExactDecimal(field(bid, 'total_cost'))
    if (amount === null) return { value: null, decidedBy: [bid.event_id] }
    if (amount > highest.amount) highest = { amount, ids: [bid.event_id] }
  }
  return { value: formatExactDecimal(highest.amount), decidedBy: highest.ids }
}

/** A call that succeeded and does not say what it used makes the sum unknown; one that failed and does not used nothing. */
function tokensUsed(own: readonly CollectedEvent[]): Measurement {
  const calls = own.filter(
    event => event.type === 'tool_call_completed' && field(event, 'tool_name') === MODEL_CALL,
  )
  let sum = 0n
  for (const call of calls) {
    const used = readExactDecimal(field(call, 'response.charged_tokens'))
    if (used === null && field(call, 'result') === 'success')
      return { value: null, decidedBy: [call.event_id] }
    if (used !== null && used > 0n) sum += used
  }
  return { value: formatExactDecimal(sum), decidedBy: idsOf(calls) }
}

function rejections(own: readonly CollectedEvent[]): Measurement {
  const rejected = own.filter(event => event.type === 'bid_rejected')
  let sum = 0n
  for (const event of rejected) sum += readExactDecimal(field(event, 'count')) ?? readExactDecimal(1)!
  return { value: formatExactDecimal(sum), decidedBy: idsOf(rejected) }
}

function field(event: CollectedEvent, path: string): unknown {
  return valuesAt(event.data, path)[0]
}

function idsOf(events: readonly CollectedEvent[]): string[] {
  return events.map(event => event.event_id)
}
