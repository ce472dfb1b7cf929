/** An event as a validator needs it: any event of a market's stream is one. */
export interface CollectedEvent {
  event_id: string
  /** ISO 8601, UTC. */
  timestamp: string
  source: string
  type: string
  agent_id?: string | undefined
  correlation_id?: string | undefined
  epoch: number
  seq: number
  data: unknown
}

/** What a verdict rests on: the events of one trial's market up to where it is judged, in any order, copies allowed. */
export interface TrialRecord {
  /** The id of the agent under test. */
  agent: string
  events: readonly CollectedEvent[]
}
