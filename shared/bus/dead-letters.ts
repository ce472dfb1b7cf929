import { z } from 'zod'
import { type Bus, isBusError } from './connect.ts'
import { isNoStream, readNewest, readStored } from './stored-messages.ts'
import { isNotUpdatable, isStreamMissing, keepStream, streamName } from './stream.ts'

/** What is kept of a dead letter's text, so that it fits into a message of its own. */
const TEXT_CHARS_MAX = 65_536
/** A reason may name what a sender wrote. */
const REASON_CHARS_MAX = 1_000

const letterSchema = z.object({
  /** The stream in which the message stands, and when that was made, as NATS writes it. */
  stream: z.string(),
  stream_created: z.string(),
  stream_sequence: z.number().int(),
  subject: z.string(),
  reason: z.string(),
  text: z.string(),
})

/** A message that is no event of its market, and why, as the stream of dead letters holds it. */
export type DeadLetter = z.infer<typeof letterSchema>

/** A dead letter on its way, of a stream that is known. */
export interface Stranger {
  streamSequence: number
  subject: string
  reason: string
  text: string
}

/** The subject, in a stream of its own, of a market's messages that are no events. */
export function deadLetterSubject(marketId: string): string {
  return `bourse.${marketId}.dead-letters`
}

/** The name of the stream of a market's dead letters. */
export function deadLetterStreamName(marketId: string): string {
  return `${streamName(marketId)}-dead-letters`
}

/**
 * Puts messages of the market's stream made at `created` among the dead letters; one told twice within the
 * duplicate window is kept once.
 */
export async function buryMessages(
  bus: Bus,
  marketId: string,
  created: string,
  strangers: readonly Stranger[],
): Promise<void> {
  if (strangers.length === 0) return
  await keepStream(bus, {
    name: deadLetterStreamName(marketId),
    subject: deadLetterSubject(marketId),
    description: `Messages on the subjects of market ${marketId} that are no events`,
  }).catch(useAsItIs)
  const jetstream = bus.connection.jetstream()
  const stream = streamName(marketId)
  await Promise.all(
    strangers.map(({ streamSequence, subject, reason, text }) => {
      const letter: DeadLetter = {
        stream,
        stream_created: created,
        stream_sequence: streamSequence,
        subject,
        reason: reason.slice(0, REASON_CHARS_MAX),
        text: text.slice(0, TEXT_CHARS_MAX),
      }
      // A stream made anew counts from 1 again.
      return jetstream.publish(deadLetterSubject(marketId), JSON.stringify(letter), {
        msgID: `${stream}:${streamSequence}:${created}`,
      })
    }),
  )
}

/** The stream sequence of the newest dead letter of the stream made at `created`; 0: there is none. */
export async function lastBuriedSequence(bus: Bus, marketId: string, created: string): Promise<number> {
  const newest = await readNewest(bus, deadLetterStreamName(marketId), deadLetterSubject(marketId))
  const letter = newest === null ? null : letterOf(newest.text)
  return letter?.stream_created === created ? letter.stream_sequence : 0
}

/** A market's dead letters, the oldest first. Throws a NatsError when NATS is away. */
export async function* readDeadLetters(bus: Bus, marketId: string): AsyncGenerator<DeadLetter> {
  let cursor = 1
  for (;;) {
    const messages = await readStored(bus, deadLetterStreamName(marketId), cursor).catch(emptyWithoutStream)
    if (messages.length === 0) return
    for (const message of messages) {
      const letter = letterOf(message.text)
      if (letter !== null) yield letter
    }
    cursor = messages.at(-1)!.streamSequence + 1
  }
}

/** How many dead letters a market has. */
export async function countDeadLetters(bus: Bus, marketId: string): Promise<number> {
  try {
    return (await bus.manager.streams.info(deadLetterStreamName(marketId))).state.messages
  } catch (error) {
    if (isStreamMissing(error)) return 0
    throw error
  }
}

/** Letters stand nowhere else: a stream that somebody made in a way of theirs is not made anew. */
function useAsItIs(error: unknown): void {
  if (!isNotUpdatable(error)) throw error
}

function letterOf(text: string): DeadLetter | null {
  try {
    return letterSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function emptyWithoutStream(error: unknown): [] {
  if (isBusError(error) && isNoStream(error)) return []
  throw error
}
