import { type Check, resultOf } from '../evidence.ts'

/** Whenever anybody looks, credits are those minted less those burned, and what is held is what is open. */
export const moneyAtEveryRead: Check = ({ money: { reads, unanswered, wrong, problems } }) =>
  resultOf(
    'credits add up at every read during the run',
    { reads, unanswered, wrong },
    reads === 0 ? ['nothing was read'] : problems,
  )

/** In the end nothing is set aside for anything that is over. */
export const stuckHolds: Check = ({ markets }) => {
  const counts = { markets: markets.length, openBids: 0, openHolds: 0, stuck: 0 }
  const problems: string[] = []
  for (const { market, bids, holds, rest } of markets) {
    const openBids = bids.filter(bid => bid.status === 'pending')
    const openHolds = holds.filter(hold => hold.status === 'held')
    counts.openBids += openBids.length
    counts.openHolds += openHolds.length
    // The run ends with every bid decided. A hold nobody ended, or not for certain, is no bid's and stays.
    for (const { bidId } of openBids) {
      counts.stuck += 1
      problems.push(`market ${market}: bid ${bidId} is still pending`)
    }
    const open = [...openBids, ...openHolds].reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
    if (rest.heldMicro !== open) {
      counts.stuck += 1
      problems.push(`market ${market}: ${rest.heldMicro} micro-credits are held, and ${open} are open`)
    }
  }
  return resultOf('no hold is stuck', counts, problems)
}
