import type { Outcome } from '../economy/refusal.ts'
import { closeMarket, type MarketClosing } from './close-market.ts'
import type { RunStore } from './run-store.ts'

/** What removing the markets of runs takes. */
export interface RunPruning extends MarketClosing {
  store: Pick<RunStore, 'giveUpMarkets' | 'listMarkets' | 'listPrunable' | 'listRuns'>
  /** Removes what Postgres keeps of a closed market; false: it is not closed yet. */
  removeMarket(marketId: string): Promise<boolean>
  /** Deletes a market's streams; those that are not there are as good as deleted. */
  deleteStreams(marketId: string): Promise<void>
}

export interface PrunedRun {
  runId: string
  removed: number
  /** Markets that are not closed yet: those go next time. */
  waiting: number
}

/**
 * Removes the markets of a run's trials: their ledgers, events and streams. Its manifest, verdicts and costs stay, and from
 * then on it is decided again from an export alone, and not gone on with. Markets that are open are closed first. Refuses
 * `unknown_run`.
 */
export async function pruneRun(
  { store, removeMarket, deleteStreams, ...closing }: RunPruning,
  runId: string,
): Promise<Outcome<PrunedRun>> {
  const givenUp = await store.giveUpMarkets(runId)
  if (!givenUp.ok) return givenUp
  const pruned = { runId, removed: 0, waiting: 0 }
  for (const { marketId, status } of await store.listMarkets(runId)) {
    if (status !== 'closed') await closeMarket(closing, marketId)
    if (await removeMarket(marketId)) {
      await deleteStreams(marketId)
      pruned.removed += 1
    } else pruned.waiting += 1
  }
  return { ok: true, ...pruned }
}
