import type { BourseEvent } from '../events/envelope.ts'
import { AGENT } from './trial.ts'

/** One thing that happened in a trial, for judges and readers. */
export interface TranscriptEntry {
  seq: number
  at: string
  type: string
  data: unknown
}

/** What agents say and do, and what is done to them; the market's own housekeeping is left out. */
const TOLD = new Set<BourseEvent['type']>([
  'tool_call_initiated',
  'tool_call_completed',
  'reasoning_trace',
  'reflection',
  'output_submitted',
  'code_change_proposed',
  'code_change_applied',
  'bid_placed',
  'bid_rejected',
  'bid_processed',
  'bid_cancelled',
  'credits_transferred',
  'service_registered',
  'service_invoked',
  'message_sent',
  'agent_dormant',
  'agent_spawned',
  'human_reward_issued',
])

/** What concerns the agent under test, in order. */
export function transcriptOf(events: readonly BourseEvent[]): TranscriptEntry[] {
  return events
    .filter(event => TOLD.has(event.type) && concernsAgent(event))
    .map(({ seq, timestamp, type, data }) => ({ seq, at: timestamp, type, data }))
}

function concernsAgent({ agent_id, data }: BourseEvent): boolean {
  if (agent_id === AGENT) return true
  const { from_agent, to_agent, caller_agent, provider_agent, from, to } = data as Record<string, unknown>
  return [from_agent, to_agent, caller_agent, provider_agent, from, to].includes(AGENT)
}
