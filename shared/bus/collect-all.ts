import type { BourseEvent } from '../events/envelope.ts'
import { collect } from './collect.ts'
import type { Bus } from './connect.ts'

/**
 * A market's events from the first on, in order and each once: up to `untilSeq`, which is waited for, or those there are.
 * Throws as collect does, and when it takes longer than `waitMs`.
 */
export async function collectAll(
  bus: Bus,
  marketId: string,
  { untilSeq, waitMs }: { untilSeq?: number | undefined; waitMs: number },
): Promise<BourseEvent[]> {
  const events: BourseEvent[] = []
  const options = { bus, marketId, fromSeq: 1, follow: false, signal: AbortSignal.timeout(waitMs) }
  for await (const event of collect(untilSeq === undefined ? options : { ...options, untilSeq }))
    events.push(event)
  return events
}
