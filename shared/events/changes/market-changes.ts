import { stateOf } from '../checkpoint.ts'
import type { marketEvents } from '../types/market-events.ts'
import { type ChangesOf, changesNothing, EventDoesNotFit, marketOf, microOf, ppmOf } from './change.ts'

export const marketChanges: ChangesOf<typeof marketEvents> = {
  market_created(state, event) {
    if (state.market !== null) throw new EventDoesNotFit(event, 'the market exists')
    const { resources, rules } = event.data
    state.market = {
      status: 'open',
      resources,
      rules,
      mintedMicro: 0n,
      burnedMicro: 0n,
      escrowMicro: 0n,
      leasedPpm: resources.map(() => 0),
    }
  },
  market_rules_changed(state, event) {
    const market = marketOf(state, event)
    market.rules = { ...market.rules, ...event.data.after }
  },
  market_paused(state, event) {
    marketOf(state, event).status = 'paused'
  },
  market_resumed(state, event) {
    marketOf(state, event).status = 'open'
  },
  market_closed(state, event) {
    marketOf(state, event).status = 'closing'
  },
  // The stream was made anew from what the table has: its events are those that hold.
  history_restored: changesNothing,
  state_checkpoint(state, event) {
    const { part, parts, state_hash: hash, state: lines } = event.data
    if (part === 1 && state.market === null) state.checkpointLines = []
    // Who has the state already need not be told.
    if (state.checkpointLines === null) return
    state.checkpointLines.push(...lines)
    if (part < parts) return
    const told = stateOf(state.checkpointLines, hash)
    if (told === null) throw new EventDoesNotFit(event, 'the state it tells has another hash')
    Object.assign(state, told)
  },

  cycle_cleared(state, event) {
    const { data } = event
    if (state.cycles.has(data.cycle)) throw new EventDoesNotFit(event, `cycle ${data.cycle} was cleared`)
    const { resources } = marketOf(state, event)
    const perResource = <T, U>(values: Record<string, T>, read: (value: T) => U): U[] =>
      resources.map(({ name }) => {
        const value = values[name]
        if (value === undefined) throw new EventDoesNotFit(event, `nothing is said about ${name}`)
        return read(value)
      })
    state.cycles.set(data.cycle, {
      cutoffSeq: data.cutoff_seq,
      effectiveAt: data.effective_at,
      supplyPpm: perResource(data.supply, ppmOf),
      demandPpm: perResource(data.demand, ppmOf),
      pricesMicro: perResource(data.prices, price => microOf(event, price)),
      priceSource: data.price_source,
      winners: data.winners,
      losers: data.losers,
      leftWaiting: data.left_waiting,
      revenueMicro: microOf(event, data.revenue),
      utilisationPpm: perResource(data.utilisation, ppmOf),
      cutoffScore: data.cutoff_score,
    })
  },

  price_update(state, event) {
    const { data } = event
    const place = `${data.tick}/${data.resource}`
    if (state.prices.has(place)) throw new EventDoesNotFit(event, `${data.resource} has a price at this tick`)
    state.prices.set(place, {
      priceMicro: microOf(event, data.new_price),
      exponentMillionths: data.e,
      demandPpm: ppmOf(data.demand),
      reason: data.reason,
      elapsedMs: data.elapsed_ms,
      tickedAt: data.ticked_at,
    })
  },
  // A cycle tells of the prices it cleared at.
  price_fallback: changesNothing,
  price_recovered: changesNothing,
}
