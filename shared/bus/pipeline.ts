import { createInbox, type Msg, type NatsError } from 'nats'
import type { Bus } from './connect.ts'
import { headersWith } from './message-headers.ts'
import { PROOF_HEADER, type ProvenText } from './proof.ts'

/** Messages sent and not yet acknowledged; more gain nothing. */
export const IN_FLIGHT_MESSAGES_MAX = 256
/** A stream that acknowledges nothing for so long is asked again where it stands. */
const ACK_SILENCE_MS_MAX = 1_500

const WRONG_LAST_SEQUENCE = 10071
const WRONG_LAST_MESSAGE_ID = 10070

/** Why a pipeline takes nothing more; what was acknowledged before stands in order. */
export type Stop =
  | { kind: 'moved' }
  /** The stream's last message has another id, or the server has forgotten which. */
  | { kind: 'id-unknown' }
  | { kind: 'silent' }
  | { kind: 'aborted' }
  | { kind: 'no-stream' }
  | { kind: 'duplicate'; sequence: number }
  | { kind: 'refused'; reason: string }

export interface Pipeline {
  /** Sends an event to stand right after the last one sent. Wait for room before; does nothing once stopped. */
  send(subject: string, eventId: string, event: ProvenText): void
  /** How many events may be sent now; 0 once stopped. */
  free(): number
  /** Resolves when half of what may be in flight is free, or the pipeline has stopped: fewer, larger writes. */
  room(): Promise<void>
  /** Resolves when everything sent is acknowledged, or the pipeline has stopped. */
  drained(): Promise<void>
  /** The stream sequence up to which everything sent is acknowledged. */
  acknowledged(): number
  stopped(): Stop | null
  close(): void
}

/**
 * Opens a pipeline that appends to a stream whose last sequence is `lastSequence`. Every message names the
 * sequence and the event it must follow, so that whatever reaches the stream late or twice is refused by it.
 * `lastEventId` is the id of the stream's last message, null when that is no event of the market, or not to be named.
 */
export function openPipeline(
  bus: Bus,
  start: { lastSequence: number; lastEventId: string | null },
  signal: AbortSignal,
  onAcknowledged: (sequence: number) => void,
): Pipeline {
  let sentSequence = start.lastSequence
  let sentEventId = start.lastEventId
  let acknowledgedSequence = start.lastSequence
  let stop: Stop | null = null
  let waiting: { inFlight: number; resolve: () => void } | null = null
  let watchdog: NodeJS.Timeout | null = null
  const inbox = createInbox()

  const inFlight = () => sentSequence - acknowledgedSequence

  function wake() {
    if (waiting === null || (stop === null && inFlight() > waiting.inFlight)) return
    waiting.resolve()
    waiting = null
  }

  function halt(reason: Stop) {
    stop ??= reason
    if (watchdog) clearTimeout(watchdog)
    wake()
  }

  function watch() {
    if (watchdog) watchdog.refresh()
    else watchdog = setTimeout(() => inFlight() > 0 && halt({ kind: 'silent' }), ACK_SILENCE_MS_MAX)
  }

  function take(error: NatsError | null, message: Msg) {
    if (stop) return
    if (error) return halt({ kind: 'refused', reason: error.message })
    const outcome = readAck(message)
    if ('kind' in outcome) return halt(outcome)
    const sequence = Number(message.subject.slice(inbox.length + 1))
    if (outcome.sequence !== sequence || sequence !== acknowledgedSequence + 1) return halt({ kind: 'moved' })
    acknowledgedSequence = sequence
    watch()
    onAcknowledged(sequence)
    wake()
  }

  const subscription = bus.connection.subscribe(`${inbox}.*`, { callback: take })
  const abort = () => halt({ kind: 'aborted' })
  signal.addEventListener('abort', abort)

  function whenInFlight(limit: number): Promise<void> {
    if (stop || inFlight() <= limit) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting = { inFlight: limit, resolve }
    return promise
  }

  return {
    send(subject, eventId, { bytes, proof }) {
      if (stop) return
      const headers = headersWith({
        'Nats-Msg-Id': eventId,
        [PROOF_HEADER]: proof,
        'Nats-Expected-Last-Sequence': String(sentSequence),
        ...(sentEventId === null ? {} : { 'Nats-Expected-Last-Msg-Id': sentEventId }),
      })
      if (inFlight() === 0) watch()
      sentSequence += 1
      sentEventId = eventId
      bus.connection.publish(subject, bytes, { reply: `${inbox}.${sentSequence}`, headers })
    },
    free: () => (stop ? 0 : IN_FLIGHT_MESSAGES_MAX - inFlight()),
    room: () => whenInFlight(IN_FLIGHT_MESSAGES_MAX / 2),
    drained: () => whenInFlight(0),
    acknowledged: () => acknowledgedSequence,
    stopped: () => stop,
    close() {
      halt({ kind: 'moved' })
      signal.removeEventListener('abort', abort)
      subscription.unsubscribe()
    },
  }

  function readAck(message: Msg): { sequence: number } | Stop {
    if (message.headers?.code === 503) return { kind: 'no-stream' }
    const { seq, duplicate, error } = message.json<{
      seq?: number
      duplicate?: boolean
      error?: { err_code: number; description: string }
    }>()
    if (error?.err_code === WRONG_LAST_SEQUENCE) return { kind: 'moved' }
    if (error?.err_code === WRONG_LAST_MESSAGE_ID) return { kind: 'id-unknown' }
    if (error) return { kind: 'refused', reason: error.description }
    if (duplicate) return { kind: 'duplicate', sequence: seq! }
    return { sequence: seq! }
  }
}
