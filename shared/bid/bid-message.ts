import { MAX_BIDS_PER_MESSAGE } from './bids-per-message.ts'

/**
 * The bids in a `placeBid` message: itself, or the list under `bids`. A list that is empty, too long or has company
 * is passed on whole, to be refused as the one bid it is not.
 */
export function readBidMessage(message: unknown): { bids: unknown[]; isList: boolean } {
  if (typeof message === 'object' && message !== null && 'bids' in message) {
    const { bids } = message
    const isList = Array.isArray(bids) && Object.keys(message).length === 1
    if (isList && bids.length >= 1 && bids.length <= MAX_BIDS_PER_MESSAGE) return { bids, isList }
  }
  return { bids: [message], isList: false }
}
