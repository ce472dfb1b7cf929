import type { EventOf } from '../events/changes/change.ts'
import type { BourseEvent } from '../events/envelope.ts'
import type { EventName } from '../events/registry.ts'

/** Something told because of an event: to one agent, or (`agent` null) to everybody in the market. */
export interface Notice {
  agent: string | null
  /** What it is about: the last token of its subject. */
  kind: string
  data: Record<string, unknown>
}

/** What is told of an event; nothing of most. Whoever hears them from the first on misses nothing that concerns it. */
export function noticesOf(event: BourseEvent): Notice[] {
  const tell = tellings[event.type] as ((event: BourseEvent) => Notice[]) | undefined
  return tell === undefined ? [] : tell(event)
}

/** A notice as it is sent. The event's id tells copies: a notice may come more than once. */
export function noticeText(event: BourseEvent, notice: Notice): string {
  const { event_id: eventId, seq, timestamp, market_id: marketId } = event
  return JSON.stringify({ kind: notice.kind, eventId, marketId, seq, timestamp, data: notice.data })
}

type Tellings = { [Name in EventName]?: (event: EventOf<Name>) => Notice[] }

const tellings: Tellings = {
  bid_processed: event => own(event, event.data.status === 'winning' ? 'bid_won' : 'bid_outbid'),
  bid_cancelled: event => own(event, 'bid_cancelled'),
  bid_expired: event => own(event, 'bid_expired'),
  resources_allocated: event => own(event, 'lease_granted'),
  lease_ended: event => own(event, 'lease_ended'),
  lease_revoked: event => own(event, 'lease_revoked', ['actor']),
  execution_started: event => own(event, 'execution_started'),
  execution_terminated: event => own(event, 'execution_terminated'),

  credits_minted: event => [to(event.data.agent_id, 'credits_received', event)],
  credits_transferred: event => [to(event.data.to_agent, 'credits_received', event)],
  human_reward_issued: event => own(event, 'prompt_rewarded', ['actor']),
  prompt_expired: event => own(event, 'prompt_expired'),

  message_sent: event => [to(event.data.to, 'message_received', event, ['to'])],
  service_requested: event => [to(event.data.provider_agent, 'service_requested', event)],
  service_invoked: event => [
    to(event.data.caller_agent, 'service_answered', event),
    to(event.data.provider_agent, 'service_answered', event),
    everybody('service_answered', event, ['call_id', 'caller_agent', 'cost']),
  ],
  service_registered: event => [
    { ...everybody('service_registered', event), data: { agent: event.agent_id, ...camelCased(event.data) } },
  ],

  agent_registered: event => [life('agent_registered', event.agent_id)],
  agent_spawned: event => [life('agent_registered', event.data.child_id)],
  agent_dormant: event => [...own(event, 'agent_dormant'), life('agent_dormant', event.agent_id)],
  agent_awake: event => [...own(event, 'agent_awake', ['actor']), life('agent_awake', event.agent_id)],
  agent_died: event => [...own(event, 'agent_died'), life('agent_died', event.agent_id)],
  agent_revived: event => [...own(event, 'agent_revived', ['actor']), life('agent_revived', event.agent_id)],
  agent_frozen: event => own(event, 'agent_frozen', ['actor']),
  agent_unfrozen: event => own(event, 'agent_unfrozen', ['actor']),

  cycle_cleared: event => [everybody('cycle_cleared', event)],
  price_update: event => [everybody('price_update', event)],
  price_fallback: event => [everybody('price_fallback', event)],
  price_recovered: event => [everybody('price_recovered', event)],
  market_rules_changed: event => [everybody('market_rules_changed', event, ['actor'])],
  market_paused: event => [everybody('market_paused', event, ['actor'])],
  market_resumed: event => [everybody('market_resumed', event, ['actor'])],
  market_closed: event => [everybody('market_closed', event, ['actor'])],
}

/** To the agent that the event is about. */
function own(event: BourseEvent, kind: string, without: readonly string[] = []): Notice[] {
  return event.agent_id === undefined ? [] : [to(event.agent_id, kind, event, without)]
}

function to(agent: string, kind: string, event: BourseEvent, without: readonly string[] = []): Notice {
  return { agent, kind, data: camelCased(event.data, without) }
}

function everybody(kind: string, event: BourseEvent, without: readonly string[] = []): Notice {
  return { agent: null, kind, data: camelCased(event.data, without) }
}

/** Who lives and how is public; what they have is not. */
function life(kind: string, agent: string | undefined): Notice {
  return { agent: null, kind, data: { agent } }
}

/** Fields as agents know them from their other answers; what is in them stays as it is. */
function camelCased(data: object, without: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data)
      .filter(([field]) => !without.includes(field))
      .map(([field, value]) => [
        field.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
        value,
      ]),
  )
}
