import type { Bus } from './connect.ts'
import { deadLetterStreamName } from './dead-letters.ts'
import { streamName } from './stream.ts'

/** How large what NATS keeps of a market has grown. */
export interface StreamGrowth {
  events: number
  bytes: number
  deadLetters: number
}

/** The streams of these markets, by market; all streams are asked for at once. Throws a NatsError when NATS is away. */
export async function listStreams(
  bus: Bus,
  marketIds: readonly string[],
): Promise<Map<string, StreamGrowth>> {
  const states = new Map<string, { messages: number; bytes: number }>()
  for await (const { config, state } of bus.manager.streams.list()) states.set(config.name, state)
  const growths = marketIds.map((marketId): [string, StreamGrowth] => {
    const stream = states.get(streamName(marketId))
    const letters = states.get(deadLetterStreamName(marketId))
    return [
      marketId,
      { events: stream?.messages ?? 0, bytes: stream?.bytes ?? 0, deadLetters: letters?.messages ?? 0 },
    ]
  })
  return new Map(growths)
}
