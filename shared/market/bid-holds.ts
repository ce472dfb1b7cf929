import type { Movement } from '../ledger/movement.ts'
import type { BookBid, Settlement } from './settlement.ts'

/** What a bid's hold moves on its payer. */
export interface Payer {
  agentId: bigint
  availableMicro: bigint
  heldMicro: bigint
  openBids: number
}

/** Gives a bid's hold back to its payer. */
export function releaseHold(payer: Payer, amountMicro: bigint): void {
  payer.heldMicro -= amountMicro
  payer.availableMicro += amountMicro
  payer.openBids -= 1
}

/** Gives back the holds of bids that left the book without winning. */
export function releaseHolds(payers: ReadonlyMap<bigint, Payer>, bids: readonly BookBid[]): void {
  for (const bid of bids) releaseHold(payers.get(bid.payerId)!, bid.amountMicro)
}

/**
 * Resolves the hold of every bid that a settlement decided: winners pay theirs, which is burned, the others have it
 * back. Answers the payments, each with the payer's balance after it.
 */
export function resolveHolds(payers: ReadonlyMap<bigint, Payer>, settlement: Settlement): Movement[] {
  const payments = settlement.won.map(({ bid }): Movement => {
    const { payerId, amountMicro, bidId } = bid
    const payer = payers.get(payerId)!
    payer.heldMicro -= amountMicro
    payer.openBids -= 1
    const balanceAfterMicro = payer.availableMicro + payer.heldMicro
    const from = { agentId: payerId, balanceAfterMicro }
    return { from, to: 'burn', amountMicro, purpose: 'bid_payment', ref: bidId }
  })
  const lost = settlement.lost.map(one => one.bid)
  releaseHolds(payers, [...lost, ...settlement.expired])
  return payments
}
