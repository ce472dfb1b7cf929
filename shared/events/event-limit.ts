/** Which of its events a market keeps, and how far they go. */
export interface KeptEvents {
  /** Stream and outbox begin with this event: 1, or the first part of a checkpoint. */
  firstSeq: number
  /** Events before this one are removed; below `firstSeq` when somebody died before all were. */
  trimmedSeq: number
  /** The first part of the newest checkpoint; null: none was written. */
  checkpointSeq: number | null
  publishedSeq: number
  lastSeq: number
}

export type LimitStep =
  | { kind: 'nothing' }
  | { kind: 'write-checkpoint' }
  /** Lets stream and outbox begin with this event, and removes those before it. */
  | { kind: 'begin-with'; seq: number }

/**
 * What is to be done so that the newest `eventsKept` events stay, and about as many before them at most; null: all stay.
 * A checkpoint is written when there are so many events since the first, and they begin with it when there are so
 * many published ones after it.
 */
export function nextLimitStep(kept: KeptEvents, eventsKept: number | null): LimitStep {
  const { firstSeq, trimmedSeq, checkpointSeq, publishedSeq, lastSeq } = kept
  if (eventsKept === null) return { kind: 'nothing' }
  if (trimmedSeq < firstSeq) return { kind: 'begin-with', seq: firstSeq }
  const isCheckpointAhead = checkpointSeq !== null && checkpointSeq > firstSeq
  if (!isCheckpointAhead)
    return lastSeq - firstSeq >= eventsKept ? { kind: 'write-checkpoint' } : { kind: 'nothing' }
  return publishedSeq - checkpointSeq >= eventsKept
    ? { kind: 'begin-with', seq: checkpointSeq }
    : { kind: 'nothing' }
}
