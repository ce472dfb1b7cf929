import { type Check, resultOf } from '../evidence.ts'

/** A market that sleeps over work would have looked by then. */
const OVERDUE_MS_MAX = 10_000

/** When all is healed every market does what is due, and is published to its last event. */
export const asleepOnWork: Check = ({ markets, unrest }) => {
  const counts = { markets: markets.length, asleepOnWork: 0, unpublished: 0 }
  const problems = unrest === null ? [] : [unrest]
  for (const { market, rest } of markets) {
    const { overdueMs, pendingBids, expiredBids, endedLeases, lastSeq, publishedSeq, status } = rest
    const undone = [
      overdueMs !== null && overdueMs > OVERDUE_MS_MAX ? `should have looked ${overdueMs} ms ago` : null,
      status === 'open' && pendingBids > 0 ? `has ${pendingBids} bids pending` : null,
      expiredBids > 0 ? `has ${expiredBids} bids past their time` : null,
      endedLeases > 0 ? `counts ${endedLeases} leases that ended` : null,
    ].filter(one => one !== null)
    if (undone.length > 0) {
      counts.asleepOnWork += 1
      problems.push(`market ${market} ${undone.join(', ')}`)
    }
    if (publishedSeq < lastSeq) {
      counts.unpublished += 1
      problems.push(`market ${market} is published to event ${publishedSeq} of ${lastSeq}`)
    }
  }
  return resultOf('no market is asleep on work', counts, problems)
}

/** Nothing ended that was not killed; a process that starts before what it needs is there may end and try again. */
export const strangeDeaths: Check = ({ strangeDeaths: deaths }) => {
  const atWork = deaths.filter(death => death.wasUp)
  return resultOf(
    'no process ended that nobody killed',
    { whileStarting: deaths.length - atWork.length, atWork: atWork.length },
    atWork.map(({ part, at, how }) => `${part} ended by itself at ${at} (${how})`),
  )
}

/** The audit and the rebuild from events alone find nothing. */
export const verified: Check = ({ verify }) => {
  const wrong = verify.checks.filter(check => !check.ok)
  return resultOf(
    'the audit, and the rebuild from events, agree',
    { checks: verify.checks.length, wrong: wrong.length },
    wrong.map(({ market, name, detail }) => `market ${market}: ${name}: ${detail}`),
  )
}
