import { Gauge, type Registry } from 'prom-client'
import type { Logger } from './log.ts'

/** How one market stands. */
export interface MarketFigures {
  marketId: string
  bookDepth: number
  heldCredits: number
  unpublishedEvents: number
  /** How long the oldest event that is not known to be in the stream has waited. */
  publicationLagSeconds: number
  resources: { name: string; utilisation: number; priceCredits: number }[]
}

export interface FigureSource {
  /** At most `limit` markets. */
  readMarkets(limit: number): Promise<MarketFigures[]>
  /** How many dead letters these markets have. */
  readDeadLetters(marketIds: readonly string[]): Promise<Map<string, number>>
}

/** Markets that are shown; what more there are is told by the command line. */
export const MAX_MARKETS_SHOWN = 100

/**
 * Registers how markets stand, read when somebody asks. It stands in the servers, so every process that is asked tells the
 * same. What cannot be read is left out, and the log says why.
 */
export function registerMarketGauges(registry: Registry, source: FigureSource, log: Logger): void {
  let reading: Promise<void> | null = null
  // The registry asks all its metrics at once: they are read once for all of them.
  const read = () => {
    reading ??= readAll().finally(() => {
      reading = null
    })
    return reading
  }
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry], collect: read })
  const bookDepth = gauge('bourse_book_depth_bids', 'Bids that wait in the book', ['market'])
  const held = gauge('bourse_held_credits', 'Credits that agents have set aside', ['market'])
  const utilisation = gauge('bourse_utilisation_ratio', 'Leased part of capacity', ['market', 'resource'])
  const price = gauge('bourse_posted_price_credits', 'Posted price of 100 % of capacity for a second', [
    'market',
    'resource',
  ])
  const unpublished = gauge('bourse_unpublished_events', 'Events not known to be in their stream', ['market'])
  const lag = gauge('bourse_publication_lag_seconds', 'How long the oldest unpublished event has waited', [
    'market',
  ])
  const deadLetters = gauge('bourse_dead_letters', 'Messages on a market’s subjects that are no events', [
    'market',
  ])
  const shown = gauge(
    'bourse_markets_shown',
    `Markets that are not closed and whose figures are shown, at most ${MAX_MARKETS_SHOWN}`,
    [],
  )

  async function readAll(): Promise<void> {
    const markets = await source.readMarkets(MAX_MARKETS_SHOWN).catch(unread)
    const letters = await source.readDeadLetters(markets.map(one => one.marketId)).catch(unread)
    for (const one of [bookDepth, held, utilisation, price, unpublished, lag, deadLetters]) one.reset()
    shown.set(markets.length)
    for (const { marketId: market, resources, ...figures } of markets) {
      bookDepth.set({ market }, figures.bookDepth)
      held.set({ market }, figures.heldCredits)
      unpublished.set({ market }, figures.unpublishedEvents)
      lag.set({ market }, figures.publicationLagSeconds)
      for (const { name: resource, ...one } of resources) {
        utilisation.set({ market, resource }, one.utilisation)
        price.set({ market, resource }, one.priceCredits)
      }
    }
    for (const [market, count] of letters) deadLetters.set({ market }, count)
  }

  function unread(error: unknown): [] {
    log.warn({ err: error }, 'how markets stand could not be read for their metrics')
    return []
  }
}
