import { type Check, type Evidence, resultOf } from '../evidence.ts'
import type { Operation, OperationKind } from '../history.ts'

/** What became of operations, as in Jepsen's queue checkers. */
interface Tally {
  attempted: number
  acknowledged: number
  refused: number
  /** Nobody knows what became of them... */
  unknown: number
  /** ...and these took place, */
  recovered: number
  /** these did not. */
  absent: number
  /** Acknowledged and not there. */
  lost: number
  /** There, though refused or never asked for. */
  unexpected: number
  /** There more than once. */
  duplicated: number
}

/** Compares operations with what is there, each known by its market and mark. */
function compare(
  noun: string,
  operations: readonly Operation[],
  marks: readonly string[],
): { tally: Tally; problems: string[] } {
  const there = new Map<string, number>()
  for (const mark of marks) there.set(mark, (there.get(mark) ?? 0) + 1)
  const problems: string[] = []
  const tally: Tally = {
    attempted: operations.length,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    recovered: 0,
    absent: 0,
    lost: 0,
    unexpected: 0,
    duplicated: 0,
  }
  for (const operation of operations) {
    const place = placeOf(operation.market, operation.mark)
    const times = there.get(place) ?? 0
    there.delete(place)
    tally[operation.outcome] += 1
    const name = `${noun} ${operation.mark} of ${operation.agent} in market ${operation.market} (${operation.load})`
    if (times > 1) {
      tally.duplicated += 1
      problems.push(`${name} is there ${times} times`)
    }
    if (operation.outcome === 'acknowledged' && times === 0) {
      tally.lost += 1
      problems.push(`${name} was acknowledged and is not there`)
    }
    if (operation.outcome === 'refused' && times > 0) {
      tally.unexpected += 1
      problems.push(`${name} was refused (${operation.detail}) and is there`)
    }
    if (operation.outcome === 'unknown') tally[times > 0 ? 'recovered' : 'absent'] += 1
  }
  for (const [place, times] of there) {
    tally.unexpected += times
    problems.push(`${noun} ${place} is there and nobody asked for it`)
  }
  return { tally, problems }
}

const placeOf = (market: string, mark: string) => `${market}/${mark}`

function ofKind({ operations }: Evidence, ...kinds: OperationKind[]): Operation[] {
  return operations.filter(operation => kinds.includes(operation.kind))
}

/** No acknowledged bid is lost, none is there twice, none that nobody placed. */
export const acknowledgedBids: Check = evidence => {
  const marks = evidence.markets.flatMap(({ market, bids }) => bids.map(bid => placeOf(market, bid.mark)))
  // A signal's acknowledgement is Temporal's: whether it became a bid is looked at by its own check.
  const signalled = ofKind(evidence, 'signalled bid')
  const ofSignals = new Set(signalled.map(({ market, mark }) => placeOf(market, mark)))
  const { tally, problems } = compare(
    'bid',
    ofKind(evidence, 'bid'),
    marks.filter(mark => !ofSignals.has(mark)),
  )
  return resultOf('no acknowledged bid is lost, none is there twice', { ...tally }, problems)
}

/**
 * Every signal that Temporal took became a bid, or a refusal stored under its key, once. One whose workflow an operator
 * terminated before it was read went with that workflow.
 */
export const signalledBids: Check = evidence => {
  const counts = {
    attempted: 0,
    acknowledged: 0,
    unknown: 0,
    recovered: 0,
    absent: 0,
    refused: 0,
    terminated: 0,
  }
  const losses = { lost: 0, duplicated: 0 }
  const problems: string[] = []
  const byMarket = new Map(evidence.markets.map(one => [one.market, one]))
  for (const operation of ofKind(evidence, 'signalled bid')) {
    const { market, mark, agent, key, outcome } = operation
    const found = byMarket.get(market)
    const times = bidsByMark(found?.bids ?? []).get(mark) ?? 0
    const isRefused = key !== null && refusedKeys(found?.outcomes ?? []).has(key)
    const name = `bid ${mark} of ${agent} in market ${market}, sent as a signal`
    counts.attempted += 1
    counts[outcome] += 1
    if (isRefused) counts.refused += 1
    if (times > 1) {
      losses.duplicated += 1
      problems.push(`${name}, is there ${times} times`)
    }
    if (outcome === 'unknown') counts[times > 0 ? 'recovered' : 'absent'] += 1
    if (outcome !== 'acknowledged' || times > 0 || isRefused) continue
    if (wasTerminated(evidence, operation)) counts.terminated += 1
    else {
      losses.lost += 1
      problems.push(`${name} was taken by Temporal and is neither a bid nor refused`)
    }
  }
  return resultOf('every signal that Temporal took is dealt with, once', { ...counts, ...losses }, problems)
}

/** A signal may wait this long before its workflow reads it; one that a terminated workflow held is gone with it. */
const SIGNAL_WAITS_MS_MAX = 120_000

function wasTerminated({ faults }: Evidence, { market, agent, startedMs, endedMs }: Operation): boolean {
  return faults.some(
    fault =>
      fault.kind === 'terminate' &&
      fault.target === `agent/${market}/${agent}` &&
      fault.injectedMs !== null &&
      fault.injectedMs >= startedMs &&
      fault.injectedMs <= endedMs + SIGNAL_WAITS_MS_MAX,
  )
}

const bidsByMark = remembered((bids: readonly { mark: string }[]) => {
  const times = new Map<string, number>()
  for (const { mark } of bids) times.set(mark, (times.get(mark) ?? 0) + 1)
  return times
})

const refusedKeys = remembered(
  (outcomes: readonly { key: string; ok: boolean }[]) =>
    new Set(outcomes.filter(({ ok }) => !ok).map(({ key }) => key)),
)

function remembered<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new WeakMap<From, To>()
  return from => {
    const known = made.get(from)
    if (known !== undefined) return known
    const fresh = make(from)
    made.set(from, fresh)
    return fresh
  }
}

/** No acknowledged transfer, grant, hold or prompt is lost, none is there twice. */
export const acknowledgedCredits: Check = evidence => {
  const total: Record<string, number> = {}
  const problems: string[] = []
  for (const kind of ['transfer', 'grant', 'hold', 'prompt'] as const) {
    const marks = evidence.markets.flatMap(({ market, found }) =>
      found.filter(row => row.kind === kind).map(({ mark }) => placeOf(market, mark)),
    )
    const compared = compare(kind, ofKind(evidence, kind), marks)
    for (const [name, count] of Object.entries(compared.tally)) total[name] = (total[name] ?? 0) + count
    problems.push(...compared.problems)
  }
  return resultOf(
    'no acknowledged transfer, grant, hold or prompt is lost, none is there twice',
    total,
    problems,
  )
}

/** Every acknowledged birth took place, once: its fee burned once, its child given what it begins with once. */
export const births: Check = evidence => {
  const children = evidence.markets.flatMap(({ market, children }) =>
    children.map(row => ({ market, ...row })),
  )
  const marks = children.map(({ market, child }) => placeOf(market, child))
  const { tally, problems } = compare('child', ofKind(evidence, 'spawn'), marks)
  const parents = new Map(
    ofKind(evidence, 'spawn').map(({ market, mark, agent }) => [placeOf(market, mark), agent]),
  )
  for (const { market, child, parent, generations, births, fees, endowments } of children) {
    const name = `child ${child} of market ${market}`
    if (births !== 1 || fees !== 1 || endowments !== 1)
      problems.push(`${name} is told ${births} times, paid for ${fees} times, endowed ${endowments} times`)
    if (generations !== 1) problems.push(`${name} is ${generations} generations younger than its parent`)
    if ((parents.get(placeOf(market, child)) ?? parent) !== parent)
      problems.push(`${name} is told to be of ${parent}, who did not spawn it`)
  }
  return resultOf('every acknowledged birth took place, and was paid for once', { ...tally }, problems)
}

/** Every acknowledged revival took place, once, and none that nobody asked for. */
export const revivals: Check = evidence => {
  const marks = evidence.markets.flatMap(({ market, revivals }) =>
    revivals.map(mark => placeOf(market, mark)),
  )
  const { tally, problems } = compare('revival', ofKind(evidence, 'revive'), marks)
  const turns: Record<string, number> = {}
  for (const one of evidence.markets)
    for (const [turn, times] of Object.entries(one.turns)) turns[turn] = (turns[turn] ?? 0) + times
  return resultOf('every acknowledged revival took place, once', { ...tally, ...turns }, problems)
}

/** What was acknowledged as cancelled is cancelled. */
export const acknowledgedCancels: Check = evidence => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, lost: 0, unexpected: 0 }
  const problems: string[] = []
  const cancelled = new Set(evidence.markets.flatMap(({ cancelledBidIds }) => cancelledBidIds))
  for (const { mark: bidId, outcome, unknownTries, detail } of ofKind(evidence, 'cancel')) {
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome === 'acknowledged' && !cancelled.has(bidId)) {
      counts.lost += 1
      problems.push(`bid ${bidId} was acknowledged as cancelled and is not`)
    }
    if (outcome === 'refused' && unknownTries === 0 && cancelled.has(bidId)) {
      counts.unexpected += 1
      problems.push(`bid ${bidId} is cancelled, though that was refused (${detail})`)
    }
  }
  return resultOf('every acknowledged cancel holds', counts, problems)
}

/** A hold is settled or released, never both, and as its callers were told. */
export const acknowledgedHolds: Check = evidence => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, wrong: 0 }
  const problems: string[] = []
  const holds = new Map(evidence.markets.flatMap(one => one.holds.map(hold => [hold.holdId, hold])))
  for (const { kind, mark: holdId, outcome } of ofKind(evidence, 'settled hold', 'released hold')) {
    const said = kind === 'settled hold' ? 'settled' : 'released'
    const status = holds.get(holdId)?.status
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome !== 'acknowledged' || status === said) continue
    counts.wrong += 1
    problems.push(`hold ${holdId} was acknowledged as ${said} and is ${status ?? 'not there'}`)
  }
  for (const { holdId, status, settledTransfers } of holds.values()) {
    if (settledTransfers === (status === 'settled' ? 1 : 0)) continue
    counts.wrong += 1
    problems.push(`hold ${holdId} is ${status} and was paid ${settledTransfers} times`)
  }
  return resultOf('a hold ends once, as acknowledged', counts, problems)
}
