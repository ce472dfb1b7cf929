import type { EventDraft } from '../events/draft.ts'

/** A batch has at most this many events. */
const BATCH_EVENTS_MAX = 1_000

interface Waiting {
  events: readonly EventDraft[]
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Writes the events of many callers together: one batch of a market is being written at a time, and what comes meanwhile
 * is the next. Each call answers after its events were written.
 */
export function createEventBatches(
  write: (marketId: string, events: readonly EventDraft[]) => Promise<void>,
): (marketId: string, events: readonly EventDraft[]) => Promise<void> {
  const markets = new Map<string, Waiting[]>()

  async function run(marketId: string, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting)
      try {
        await write(
          marketId,
          batch.flatMap(one => one.events),
        )
        for (const one of batch) one.resolve()
      } catch (error) {
        for (const one of batch) one.reject(error)
      }
    }
    markets.delete(marketId)
  }

  return (marketId, events) =>
    new Promise<void>((resolve, reject) => {
      const one = { events, resolve, reject }
      const waiting = markets.get(marketId)
      if (waiting !== undefined) return void waiting.push(one)
      const line = [one]
      markets.set(marketId, line)
      void run(marketId, line)
    })
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let events = 0
  let count = 0
  while (
    count < waiting.length &&
    (count === 0 || events + waiting[count]!.events.length <= BATCH_EVENTS_MAX)
  ) {
    events += waiting[count]!.events.length
    count += 1
  }
  return waiting.splice(0, count)
}
