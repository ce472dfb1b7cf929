import type { BourseEvent } from '../events/envelope.ts'

/** The last event that a reader dealt with: all that it need remember. */
export interface Position {
  seq: number
  eventId: string
  epoch: number
}

/** The position after an event was dealt with. */
export function positionOf(event: Pick<BourseEvent, 'seq' | 'event_id' | 'epoch'>): Position {
  return { seq: event.seq, eventId: event.event_id, epoch: event.epoch }
}

/** Where a reader keeps its position; best together with what it makes of the events. */
export interface PositionStore {
  /** Null: nothing was dealt with yet. */
  read(): Promise<Position | null>
  /** Returns when the position stands, whatever happens to the process then. */
  write(position: Position): Promise<void>
}
