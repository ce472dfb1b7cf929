import { subjectOf } from '../events/envelope.ts'
import { type EventPages, openEventPages } from '../events/event-pages.ts'
import type { Outbox, Published } from '../events/outbox.ts'
import { type Bus, isBusError } from './connect.ts'
import { buryMessages } from './dead-letters.ts'
import { claimOf } from './event-message.ts'
import { findStreamEnd, HistoryDiverged, type StreamEnd, saysTheSame, strangerOf } from './find-stream-end.ts'
import { backoffMs, pause } from './pause.ts'
import { openPipeline, type Pipeline, type Stop } from './pipeline.ts'
import { prove } from './proof.ts'
import { readMessages, type StoredMessage } from './stored-messages.ts'
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
  let known: Published = await outbox.readPublication(marketId)
  let failures = 0
  let contentions = 0
  let isStreamSuspect = false
  let isConfigured = false
  /** The stream's end at which NATS knew no id of the last message, as it does after a restart. */
  let idForgottenAt: number | null = null

  for (;;) {
    giveSignOfLife()
    let waitMs = 0
    try {
      const found = isConfigured ? await readStreamFacts(bus, marketId) : null
      const facts = found ?? (await ensureStream(bus, marketId))
      isConfigured = true
      const { firstSeq } = await outbox.readPublication(marketId)
      const reading = { bus, outbox, marketId, onBatch: giveSignOfLife }
      const end = await findStreamEnd(reading, facts, { ...known, firstSeq })
      if ('broken' in end) {
        await makeAnew(options, facts)
        known = { seq: 0, place: null }
        continue
      }
      const isIdForgotten = end.lastSequence === idForgottenAt
      const run = await publishFrom(options, facts, isIdForgotten ? { ...end, lastEventId: null } : end)
      idForgottenAt = run.ended !== 'idle' && run.ended.kind === 'id-unknown' ? end.lastSequence : null
      known = run.publication
      failures = 0
      if (run.ended === 'idle') return { publishedSeq: known.seq }
      const hasProgressed = known.seq > end.seq
      contentions = hasProgressed ? 1 : contentions + 1
      // Somebody may have made the stream anew with settings of theirs.
      if (['no-stream', 'silent'].includes(run.ended.kind)) isConfigured = false
      if (run.ended.kind === 'refused') throw new PublishRefused(marketId, run.ended.reason)
      if (run.ended.kind === 'duplicate') {
        const isLost: boolean =
          isStreamSuspect || !(await hasEvent(options, run.ended.sequence, known.seq + 1))
        if (isLost) await makeAnew(options, facts)
        // NATS says it has the event where we did not find it: the next look is at the whole stream.
        known = { seq: 0, place: null }
        isStreamSuspect = !isLost
      } else if (hasProgressed) {
        isStreamSuspect = false
      }
      waitMs = backoffMs(contentions, CONTENTION_BACKOFF_MS_FIRST, CONTENTION_BACKOFF_MS_MAX)
    } catch (error) {
      if (error instanceof HistoryDiverged) await outbox.recordDivergence(marketId, error)
      const mayPass = isBusError(error) || error instanceof PublishRefused
      if (!mayPass || bus.connection.isClosed()) throw error
      failures += 1
      isConfigured = false
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
  publication: Published
}

/** Publishes from the end found until idle, or until the stream is not as it was thought to be. */
async function publishFrom(options: PublishOptions, facts: StreamFacts, found: StreamEnd): Promise<Run> {
  const { bus, outbox, marketId, signal, onProgress } = options
  const watermark = openWatermark(outbox, marketId, seq => onProgress?.(seq))
  const burial = openBurial(bus, marketId, facts.created)
  const source = { events: openEventPages(outbox, marketId), ...(await outbox.readIdentity(marketId)) }
  let end = found
  const publicationAt = (sequence: number): Published => {
    const sent = sequence - end.lastSequence
    const place = { created: facts.created, removed: facts.removed }
    return sent === 0
      ? { seq: end.seq, place: { ...place, sequence: end.sequence } }
      : { seq: end.seq + sent, place: { ...place, sequence } }
  }
  await outbox.recordPublication(marketId, publicationAt(end.lastSequence))
  try {
    for (;;) {
      const pipeline = openPipeline(bus, end, signal, sequence => watermark.advance(publicationAt(sequence)))
      const ended = await feed(options, pipeline, source, facts, end).finally(() => pipeline.close())
      const publication = publicationAt(pipeline.acknowledged())
      const next = isMoved(ended) ? await passGarbage(options, pipeline.acknowledged(), publication) : null
      if (next === null) return { ended, publication }
      burial.add(next.garbage)
      end = next.end
    }
  } finally {
    await burial.done()
    await watermark.flush()
  }
}

const isMoved = (ended: 'idle' | Stop) => ended !== 'idle' && ended.kind === 'moved'

/**
 * Where to go on when all that came between is plainly garbage; null when the stream must be looked at with care. So
 * garbage that never ends cannot keep a publisher from getting an event in between: no server but NATS is asked.
 */
async function passGarbage(
  { bus, marketId, signal, onProgress }: PublishOptions,
  acknowledgedSequence: number,
  { seq, place }: Published,
): Promise<{ end: StreamEnd; garbage: StoredMessage[] } | null> {
  signal.throwIfAborted()
  onProgress?.(seq)
  const garbage = await readMessages(bus, marketId, acknowledgedSequence + 1)
  const last = garbage.at(-1)
  const isPlain = garbage.every(({ text }) => (claimOf(text)?.seq ?? 0) <= seq)
  if (last === undefined || !isPlain || garbage[0]!.streamSequence !== acknowledgedSequence + 1) return null
  const end = { seq, sequence: place!.sequence, lastSequence: last.streamSequence, lastEventId: null }
  return { end, garbage }
}

/** Puts garbage among the dead letters beside the publishing, one lot after the other. */
function openBurial(bus: Bus, marketId: string, created: string) {
  let burying: Promise<void> = Promise.resolve()
  let problem: unknown
  return {
    add(garbage: readonly StoredMessage[]) {
      const strangers = garbage.map(message => strangerOf(message, marketId))
      burying = burying
        .then(() => buryMessages(bus, marketId, created, strangers))
        .catch(error => {
          problem ??= error
        })
    },
    /** Waits for the last; throws what kept one from being buried. */
    async done() {
      await burying
      if (problem !== undefined) throw problem
    },
  }
}

interface Source {
  events: EventPages
  eventKey: string
}

/** Sends event after event until there was nothing new for a while, or the pipeline stops. */
async function feed(
  { bus, marketId, signal, onProgress, lingerMs, pollMs }: PublishOptions,
  pipeline: Pipeline,
  { events, eventKey }: Source,
  facts: StreamFacts,
  end: StreamEnd,
): Promise<'idle' | Stop> {
  let sentSeq = end.seq
  let checkedAtMs = Date.now()
  let idleSinceMs = Date.now()

  for (;;) {
    const isAtEnd = (events.held(sentSeq + 1) ?? (await events.at(sentSeq + 1))) === null
    if (isAtEnd) {
      await pipeline.drained()
    } else {
      await pipeline.room()
      // Without a pause in between: what is sent in one go leaves in one write.
      for (let free = pipeline.free(); free > 0; free--) {
        const event = events.held(sentSeq + 1)
        if (event === undefined) break
        pipeline.send(subjectOf(event), event.event_id, prove(eventKey, event.text))
        sentSeq = event.seq
      }
      idleSinceMs = Date.now()
    }
    const stop = pipeline.stopped()
    if (stop?.kind === 'aborted') signal.throwIfAborted()
    if (stop) return stop
    if (Date.now() - checkedAtMs >= STREAM_CHECK_INTERVAL_MS) {
      const lastSequence = isAtEnd ? pipeline.acknowledged() : null
      if (!(await isAsFound(bus, marketId, facts, lastSequence))) return { kind: 'moved' }
      checkedAtMs = Date.now()
    }
    if (isAtEnd) {
      if (Date.now() - idleSinceMs >= lingerMs) return 'idle'
      await pause(pollMs, signal)
      onProgress?.(sentSeq)
    }
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
async function makeAnew({ bus, outbox, marketId }: PublishOptions, judged: StreamFacts): Promise<void> {
  const now = await readStreamFacts(bus, marketId)
  if (now !== null && now.created !== judged.created) return
  // So that no event stands before the sequence equal to its seq, wherever the events begin.
  await recreateStream(bus, marketId, (await outbox.readPublication(marketId)).firstSeq)
}

async function hasEvent({ bus, outbox, marketId }: PublishOptions, sequence: number, seq: number) {
  const [message] = await readMessages(bus, marketId, sequence, 1)
  if (message?.streamSequence !== sequence) return false
  const [event] = await outbox.readEvents(marketId, seq - 1, 1)
  return event !== undefined && saysTheSame(message, event)
}
