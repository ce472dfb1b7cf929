import { z } from 'zod'
import { type ListedBid, listAgentBids } from '../bids/list-bids.ts'
import type { Database } from '../pool.ts'
import { type ListedTransaction, listTransactions } from './list-transactions.ts'

export type HistoryItem = ({ kind: 'bid' } & ListedBid) | ({ kind: 'transaction' } & ListedTransaction)
export type HistoryKind = HistoryItem['kind']

const placeSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  bidId: z.guid(),
  id: z.string().regex(/^\d{1,18}$/),
})

/** A page of history goes on below this place, in both of its streams. */
export type HistoryPlace = z.infer<typeof placeSchema>

const LOWEST_TRANSACTION = '0'
const HIGHEST_BID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/**
 * What happened to an agent's credits and bids, newest first, at most `limit` items below `before`. Two keyset
 * pages, each in the order of its index, merged; at one instant the transactions stand above the bids.
 */
export async function readHistory(
  db: Database,
  market: { marketId: string; agentId: bigint },
  limit: number,
  { before, only }: { before?: HistoryPlace | undefined; only?: HistoryKind | undefined } = {},
): Promise<{ items: HistoryItem[]; next: HistoryPlace | null }> {
  // One more than asked, to know whether anything is left.
  const wanted = limit + 1
  const bids =
    only === 'transaction' ? [] : await listAgentBids(db, market.marketId, market.agentId, wanted, before)
  const transactions = only === 'bid' ? [] : await listTransactions(db, market.agentId, wanted, before)
  const merged = merge(bids, transactions)
  const items = merged.slice(0, limit)
  return { items, next: merged.length > limit ? placeBelow(items.at(-1)!) : null }
}

/** The place as one word for people to pass back. */
export function formatHistoryPlace(place: HistoryPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Reads such a word; null when it is none. */
export function readHistoryPlace(word: string): HistoryPlace | null {
  try {
    return placeSchema.parse(JSON.parse(Buffer.from(word, 'base64url').toString('utf8')))
  } catch {
    return null
  }
}

function merge(bids: readonly ListedBid[], transactions: readonly ListedTransaction[]): HistoryItem[] {
  const items: HistoryItem[] = [
    ...transactions.map(one => ({ kind: 'transaction' as const, ...one })),
    ...bids.map(one => ({ kind: 'bid' as const, ...one })),
  ]
  // The sort is stable and both streams are sorted: equal times keep the order above.
  return items.sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0))
}

function placeBelow(last: HistoryItem): HistoryPlace {
  const { timestamp } = last
  if (last.kind === 'bid') return { timestamp, bidId: last.bidId, id: LOWEST_TRANSACTION }
  return { timestamp, bidId: HIGHEST_BID, id: last.id }
}
