import type { Outbox, OutboxEvent } from './outbox.ts'

const EVENTS_PER_PAGE = 1_000

/** A market's events one after the other, read a page at a time and the next page meanwhile. */
export interface EventPages {
  /** The event at `seq` if it is in the page held; it costs nothing to ask. */
  held(seq: number): OutboxEvent | undefined
  /** The event at `seq`; null while there is none. */
  at(seq: number): Promise<OutboxEvent | null>
}

/** Opens the events of a market; holds two pages of them at most. */
export function openEventPages(outbox: Outbox, marketId: string): EventPages {
  let firstSeq = 1
  let page: OutboxEvent[] = []
  let next: { firstSeq: number; events: Promise<OutboxEvent[]> } | null = null

  function read(seq: number): Promise<OutboxEvent[]> {
    const events = outbox.readEvents(marketId, seq - 1, EVENTS_PER_PAGE)
    // A failure is met where the page is awaited, or does not matter any more.
    events.catch(() => {})
    return events
  }
  const held = (seq: number) => page[seq - firstSeq]

  return {
    held,
    async at(seq) {
      const event = held(seq)
      if (event !== undefined) return event
      page = await (next?.firstSeq === seq ? next.events : read(seq))
      firstSeq = seq
      const isWholePage = page.length === EVENTS_PER_PAGE
      next = isWholePage ? { firstSeq: seq + page.length, events: read(seq + page.length) } : null
      return page[0] ?? null
    },
  }
}
