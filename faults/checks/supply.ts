import { type Check, type MarketEvidence, resultOf } from '../evidence.ts'

const CAPACITY_PPM = 1_000_000

/** At no instant are leases larger than capacity, by their own times. */
export const overAllocation: Check = ({ markets }) => {
  const counts = { leases: 0, instants: 0, over: 0 }
  const problems: string[] = []
  for (const { market, leases } of markets) {
    counts.leases += leases.length
    for (let resource = 0; resource < (leases[0]?.quantitiesPpm.length ?? 0); resource++) {
      let leasedPpm = 0
      for (const { atMs, changePpm } of changesOf(leases, resource)) {
        leasedPpm += changePpm
        counts.instants += 1
        if (leasedPpm <= CAPACITY_PPM) continue
        counts.over += 1
        const at = new Date(atMs).toISOString()
        problems.push(`market ${market}: resource ${resource} is leased to ${leasedPpm} ppm at ${at}`)
      }
    }
  }
  return resultOf('at no instant is more leased than there is', counts, problems)
}

/** What leases take and give back, in the order of time; what ends at an instant is free at it. */
function changesOf(leases: MarketEvidence['leases'], resource: number) {
  return leases
    .flatMap(({ quantitiesPpm, startsMs, endsMs }) => [
      { atMs: startsMs, changePpm: quantitiesPpm[resource]! },
      { atMs: endsMs, changePpm: -quantitiesPpm[resource]! },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.changePpm - b.changePpm)
}
