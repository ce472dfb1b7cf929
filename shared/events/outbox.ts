import type { BourseEvent } from './envelope.ts'
import type { EventName } from './registry.ts'

/** A committed event ready for the stream: `text` is its whole envelope as JSON. */
export interface OutboxEvent extends Pick<BourseEvent, 'market_id' | 'source' | 'agent_id'> {
  seq: number
  event_id: string
  type: EventName
  text: string
}

/** How far a stream is known to hold its market's events, and where in the stream that is. */
export interface Published {
  /** Every event up to this one is in the stream; 0: none is known to be. */
  seq: number
  /** Null when that was never recorded. */
  place: StreamPlace | null
}

/** What is recorded of a market's stream. */
export interface Publication extends Published {
  /** Stream and outbox begin with this event: 1, or the first part of a checkpoint. */
  firstSeq: number
}

export interface StreamPlace {
  /** When the stream was made, as NATS writes it: a stream made anew has another. */
  created: string
  /** The stream sequence of the event; 0 before the first. */
  sequence: number
  /** Stream sequences up to the stream's end that held no message (deleted, purged). */
  removed: number
}

/** What tells a market's own events from others. */
export interface OutboxIdentity {
  /** The epoch in which the market writes events now. */
  epoch: number
  /** The secret with which publishers prove their messages. */
  eventKey: string
}

/** Where a stream parts from its table: events after `commonSeq` are in the stream alone, of `streamEpoch` at most. */
export interface Divergence {
  commonSeq: number
  streamEpoch: number
}

/** A market's committed events in `seq` order, and the record of their publication. */
export interface Outbox {
  /** Events after `afterSeq`, at most `limit`, without gaps; fewer than `limit` only at the end. */
  readEvents(marketId: string, afterSeq: number, limit: number): Promise<OutboxEvent[]>
  /** The id of the event at `seq`, or null. */
  readEventId(marketId: string, seq: number): Promise<string | null>
  /** The market's last committed `seq`; throws for an unknown market. */
  readLastSeq(marketId: string): Promise<number>
  readIdentity(marketId: string): Promise<OutboxIdentity>
  readPublication(marketId: string): Promise<Publication>
  /** Records progress, which ends a divergence: never backwards, unless the stream is another one than recorded. */
  recordPublication(marketId: string, published: Published): Promise<void>
  /** Records that publication is halted. */
  recordDivergence(marketId: string, divergence: Divergence): Promise<void>
}
