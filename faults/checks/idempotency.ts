import { type Check, resultOf } from '../evidence.ts'

/** Whoever asks again under the same key gets the same operation, and pays once. */
export const idempotency: Check = ({ operations, markets }) => {
  const problems: string[] = []
  const keyed = operations.filter(operation => operation.key !== null)
  const repeated = keyed.filter(operation => operation.tries > 1)
  for (const { kind, key, market, answers } of repeated) {
    const ids = new Set(answers)
    if (ids.size > 1)
      problems.push(`${kind} ${key} of market ${market} was answered as ${[...ids].join(' and ')}`)
  }
  return resultOf(
    'asked again under the same key, it is the same operation',
    {
      keyed: keyed.length,
      repeated: repeated.length,
      repeatedAfterUnknown: repeated.filter(operation => operation.unknownTries > 0).length,
      stored: markets.reduce((sum, { outcomes }) => sum + outcomes.length, 0),
    },
    problems,
  )
}

/** A bid that won was paid for once, in full; no other bid was paid for. */
export const chargedOnce: Check = ({ markets }) => {
  const counts = { bids: 0, won: 0, payments: 0 }
  const problems: string[] = []
  for (const { market, bids, payments } of markets) {
    const byBid = new Map(payments.map(payment => [payment.bidId, payment]))
    counts.bids += bids.length
    for (const { bidId, status, amountMicro } of bids) {
      const paid = byBid.get(bidId)
      byBid.delete(bidId)
      const hasWon = status === 'winning' || status === 'completed'
      if (hasWon) counts.won += 1
      counts.payments += paid?.times ?? 0
      const name = `bid ${bidId} of market ${market} is ${status}`
      if (!hasWon && paid !== undefined) problems.push(`${name} and was paid for`)
      if (!hasWon) continue
      if (paid === undefined) problems.push(`${name} and was not paid for`)
      else if (paid.times !== 1) problems.push(`${name} and was paid for ${paid.times} times`)
      else if (paid.amountMicro !== amountMicro)
        problems.push(`${name} of ${amountMicro} and was paid ${paid.amountMicro}`)
    }
    for (const bidId of byBid.keys()) problems.push(`market ${market} was paid for ${bidId}, which is no bid`)
  }
  return resultOf('a bid that won is charged once', counts, problems)
}
