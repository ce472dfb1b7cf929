/** One `placeBid` signal or update carries at most this many bids. */
export const MAX_BIDS_PER_MESSAGE = 100
