import { type Check, type LeaseRow, resultOf } from '../evidence.ts'

/** A lease that was acknowledged as revoked is, and what was paid for a lease is given back as told, once at most. */
export const revokedLeases: Check = ({ operations, markets }) => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, revoked: 0, refunds: 0, wrong: 0 }
  const problems: string[] = []
  const leases = new Map(markets.flatMap(one => one.leases.map(lease => [lease.leaseId, lease])))
  for (const { kind, mark: leaseId, outcome, answers } of operations) {
    if (kind !== 'revoked lease') continue
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome !== 'acknowledged') continue
    const lease = leases.get(leaseId)
    if (lease?.status !== 'revoked')
      problems.push(`lease ${leaseId} was acknowledged as revoked and is ${lease?.status ?? 'not there'}`)
    else if ((answers[0] !== '0') !== lease.isRefunded)
      problems.push(
        `lease ${leaseId} was said to give ${answers[0]} back, and is${lease.isRefunded ? '' : ' not'} refunded`,
      )
  }
  for (const lease of leases.values()) {
    if (lease.status === 'revoked') counts.revoked += 1
    counts.refunds += lease.refunds
    const problem = refundProblem(lease)
    if (problem !== null) problems.push(`lease ${lease.leaseId} ${problem}`)
  }
  counts.wrong = problems.length
  return resultOf('a lease is revoked as acknowledged, and paid back once at most', counts, problems)
}

function refundProblem({ isRefunded, isMissed, refunds }: LeaseRow): string | null {
  const due = isRefunded || isMissed ? 1 : 0
  return refunds === due ? null : `was to be paid back ${due} times, and was ${refunds} times`
}
