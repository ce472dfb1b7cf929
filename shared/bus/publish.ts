import { subjectOf } from '../events/envelope.ts'
import type { Outbox, Publication } from '../events/outbox.ts'
import { type Bus, isBusError } from './connect.ts'
import { claimOf } from './event-message.ts'
import { findStreamEnd, type StreamEnd } from './find-stream-end.ts'
import { backoffMs, pause } from './pause.ts'
import { openPipeline, type Pipeline, type Stop } from './pipeline.ts'
import { readMessages } from './stored-messages.ts'
import { ensureStream, readStreamFacts, recreateStream, type StreamFacts } from './stream.ts'
import { openWatermark } from './watermark.ts'

export interface PublishOptions {
  bus: Bus
  outbox: Outbox
  marketId: string
  /** Ends publication; its reason is thrown. */
  signal: AbortSignal
  /** Told the published seq at every sign of life, also while NATS is away: fit for a heartbeat. */
  onProgress?: (seq: number) => void
  /** Told what stopped publication for a while; it goes on by itself. */
  onTrouble?: (problem: Error) => void
  /** Without a new event for so long, publication ends. */
  lingerMs: number
  /** How often an empty outbox is looked into. */
  pollMs: number
}

const EVENTS_PER_READ = 1_000
/** How often a publisher at work looks whether its stream was purged, deleted or written to by others. */
const STREAM_CHECK_INTERVAL_MS = 5_000
const AWAY_BACKOFF_MS_FIRST = 100
const AWAY_BACKOFF_MS_MAX = 5_000
const CONTENTION_BACKOFF_MS_FIRST = 25
const CONTENTION_BACKOFF_MS_MAX = 2_000

/**
 * Publishes a market's events to its stream in `seq` order until nothing new came for `lingerMs`. Starts after the
 * last event the stream holds; makes the stream anew from the table when events are missing in it. Any number may
 * run at once: whoever is not next is refused by the stream, reads it again and goes on. Waits for NATS for ever.
 * Throws HistoryDiverged, Postgres's errors, and the signal's reason.
 */
export async function publishOutbox(options: PublishOptions): Promise<{ publishedSeq: number }> {
  const { bus, outbox, marketId, signal } = options
  let known = await outbox.readPublication(marketId)
  let failures = 0
  let contentions = 0
  let isStreamSuspect = false

  for (;;) {
    giveSignOfLife()
    let waitMs = 0
    try {
      const facts = await ensureStream(bus, marketId)
      const end = await findStreamEnd({ bus, outbox, marketId, onBatch: giveSignOfLife }, facts, known)
      if (end === 'hole') {
        await makeAnew(bus, marketId, facts)
        known = { seq: 0, place: null }
        continue
      }
      const run = await publishFrom(options, facts, end)
      known = run.publication
      failures = 0
      if (run.ended === 'idle') return { publishedSeq: known.seq }
      const hasProgressed = known.seq > end.seq
      contentions = hasProgressed ? 1 : contentions + 1
      if (run.ended.kind === 'refused') throw new PublishRefused(marketId, run.ended.reason)
      if (run.ended.kind === 'duplicate') {
        const isLost: boolean =
          isStreamSuspect || !(await hasEvent(options, run.ended.sequence, known.seq + 1))
        if (isLost) await makeAnew(bus, marketId, facts)
        // NATS says it has the event where we did not find it: the next look is at the whole stream.
        known = { seq: 0, place: null }
        isStreamSuspect = !isLost
      } else if (hasProgressed) {
        isStreamSuspect = false
      }
      waitMs = backoffMs(contentions, CONTENTION_BACKOFF_MS_FIRST, CONTENTION_BACKOFF_MS_MAX)
    } catch (error) {
      const mayPass = isBusError(error) || error instanceof PublishRefused
      if (!mayPass || bus.connection.isClosed()) throw error
      failures += 1
      options.onTrouble?.(error)
      waitMs = backoffMs(failures, AWAY_BACKOFF_MS_FIRST, AWAY_BACKOFF_MS_MAX)
    }
    await pause(waitMs, signal)
  }

  function giveSignOfLife() {
    signal.throwIfAborted()
    options.onProgress?.(known.seq)
  }
}

/** The stream refused an event for what may pass: no room left, not ready yet. */
export class PublishRefused extends Error {
  constructor(marketId: string, reason: string) {
    super(`the stream of market ${marketId} takes no event: ${reason}`)
    this.name = 'PublishRefused'
  }
}

interface Run {
  ended: 'idle' | Stop
  publication: Publication
}

/** Publishes from the end found until idle, or until the stream is not as it was thought to be. */
async function publishFrom(options: PublishOptions, facts: StreamFacts, end: StreamEnd): Promise<Run> {
  const { bus, outbox, marketId, signal, onProgress } = options
  const watermark = openWatermark(outbox, marketId, seq => onProgress?.(seq))
  const publicationAt = (sequence: number): Publication => {
    const seq = end.seq + (sequence - end.lastSequence)
    const place = { created: facts.created, removed: facts.removed }
    return sequence === end.lastSequence
      ? { seq: end.seq, place: { ...place, sequence: end.sequence } }
      : { seq, place: { ...place, sequence } }
  }
  await outbox.recordPublication(marketId, publicationAt(end.lastSequence))
  const pipeline = openPipeline(bus, end, signal, sequence => watermark.advance(publicationAt(sequence)))
  try {
    const ended = await feed(options, pipeline, facts, end)
    return { ended, publication: publicationAt(pipeline.acknowledged()) }
  } finally {
    pipeline.close()
    await watermark.flush()
  }
}

/** Sends event after event, the next page being read meanwhile. */
async function feed(
  { bus, outbox, marketId, signal, onProgress, lingerMs, pollMs }: PublishOptions,
  pipeline: Pipeline,
  facts: StreamFacts,
  end: StreamEnd,
): Promise<'idle' | Stop> {
  let sentSeq = end.seq
  let checkedAtMs = Date.now()
  let idleSinceMs = Date.now()
  let page = await outbox.readEvents(marketId, sentSeq, EVENTS_PER_READ)

  for (;;) {
    const nextPage = page.length === EVENTS_PER_READ ? readAhead(sentSeq + page.length) : null
    for (const event of page) {
      await pipeline.room()
      if (pipeline.stopped()) break
      pipeline.send(subjectOf(event), event.event_id, event.text)
      sentSeq = event.seq
    }
    if (page.length > 0) idleSinceMs = Date.now()
    else await pipeline.drained()

    const stop = pipeline.stopped()
    if (stop?.kind === 'aborted') signal.throwIfAborted()
    if (stop) return stop
    if (Date.now() - checkedAtMs >= STREAM_CHECK_INTERVAL_MS) {
      const isIdle = page.length === 0
      if (!(await isAsFound(bus, marketId, facts, isIdle ? pipeline.acknowledged() : null)))
        return { kind: 'moved' }
      checkedAtMs = Date.now()
    }
    if (page.length === 0) {
      if (Date.now() - idleSinceMs >= lingerMs) return 'idle'
      await pause(pollMs, signal)
      onProgress?.(sentSeq)
    }
    page = await (nextPage ?? outbox.readEvents(marketId, sentSeq, EVENTS_PER_READ))
  }

  function readAhead(afterSeq: number) {
    const events = outbox.readEvents(marketId, afterSeq, EVENTS_PER_READ)
    // A failure is met where the page is awaited, or does not matter any more.
    events.catch(() => {})
    return events
  }
}

/** True when the stream is the same, has lost nothing, and (when told its end) gained nothing from others. */
async function isAsFound(
  bus: Bus,
  marketId: string,
  found: StreamFacts,
  lastSequence: number | null,
): Promise<boolean> {
  const now = await readStreamFacts(bus, marketId)
  if (now === null || now.created !== found.created || now.removed !== found.removed) return false
  return lastSequence === null || now.lastSequence === lastSequence
}

/** Makes the stream anew unless another publisher just has. */
async function makeAnew(bus: Bus, marketId: string, judged: StreamFacts): Promise<void> {
  const now = await readStreamFacts(bus, marketId)
  if (now !== null && now.created === judged.created) await recreateStream(bus, marketId)
}

async function hasEvent({ bus, outbox, marketId }: PublishOptions, sequence: number, seq: number) {
  const [message] = await readMessages(bus, marketId, sequence, 1)
  if (message?.streamSequence !== sequence) return false
  return claimOf(message.text)?.eventId === (await outbox.readEventId(marketId, seq))
}
