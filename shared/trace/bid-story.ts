import { explainDecision, explainRefusal, formatScore, percent } from './explain-decision.ts'
import type { BidRecord, CycleFacts, EventPlace, RefusalRecord } from './facts.ts'

/** One step of a bid's way, with what it consists of; `event` is where the market's events tell it. */
export interface StoryNode {
  text: string
  atMs: number | null
  event: EventPlace | null
  children: StoryNode[]
}

/** Tells a bid's way from its row and its kept events, as a tree. */
export function bidStory(facts: BidRecord): StoryNode {
  const children = [placement(facts), ...(facts.now === null ? [waitedFor(facts)] : [waiting(facts)])]
  if (facts.cycle !== null) children.push(decision(facts, facts.cycle))
  const left = facts.status === 'cancelled' || facts.status === 'expired' ? ending(facts) : null
  if (left !== null) children.push(left)
  if (facts.lease !== null) children.push(leased(facts, facts.lease))
  if (facts.placed.seq < facts.firstKeptSeq) {
    children.push(
      step(`events before ${facts.firstKeptSeq} are gone, a checkpoint stands for them: told from the rows`),
    )
  }
  return step(`bid ${facts.bidId} of ${facts.payer} in market ${facts.marketId}: ${facts.status}`, {
    children,
  })
}

/** Tells why a bid was refused. */
export function refusalStory(facts: RefusalRecord): StoryNode {
  const why = facts.message === null ? explainRefusal(facts) : `refused, ${facts.reason}: ${facts.message}`
  return step(`refused bid of ${facts.agent ?? 'an unknown agent'} in market ${facts.marketId}`, {
    event: facts.event,
    children: [step(why)],
  })
}

function placement(facts: BidRecord): StoryNode {
  const forWhom = facts.beneficiary === facts.payer ? '' : ` for ${facts.beneficiary}`
  return step(`placed via ${facts.via} by ${facts.actor}${forWhom}`, {
    event: facts.placed,
    children: [step(`held ${facts.amount} credits`), step(`wants ${wanted(facts.bundle)}`)],
  })
}

function waitedFor(facts: BidRecord): StoryNode {
  return step(`waited in the book: ${consideredBy(facts)}`)
}

function waiting(facts: BidRecord): StoryNode {
  const { freeSupply, postedCost, belowPostedCost } = facts.now!
  const lacking = Object.keys(freeSupply).filter(name => (facts.bundle[name] ?? 0) > freeSupply[name]!)
  const fit =
    lacking.length === 0
      ? 'its bundle fits the free supply now'
      : `does not fit now: ${lacking.map(name => `${percent(facts.bundle[name]!)} of ${name} of which ${percent(freeSupply[name]!)} is free`).join(', ')}`
  const children = [
    step(fit),
    step(`amount ${belowPostedCost ? 'below' : 'at or above'} the posted cost of ${postedCost}`),
  ]
  if (facts.goodTillCancelled) children.push(step('stays until it wins or is cancelled'))
  if (facts.expiresAtMs !== null) {
    children.push(step(`expires ${new Date(facts.expiresAtMs).toISOString()}`))
  }
  return step(`waits in the book: ${consideredBy(facts)}`, { children })
}

function consideredBy({ firstConsideredCycle: first, lastConsideredCycle: last }: BidRecord): string {
  if (first === null || last === null) return 'no cycle considered it'
  return first === last
    ? `considered by cycle ${first}`
    : `considered first by cycle ${first}, last by ${last}`
}

function decision(facts: BidRecord, cycle: CycleFacts): StoryNode {
  const won = facts.status !== 'outbid'
  const age = cycle.priceAgeSeconds === null ? '' : `, ${cycle.priceAgeSeconds} s old`
  const children = [
    step(explainDecision(facts)),
    step(
      `score ${formatScore(facts.score, cycle)}, cut-off ${formatScore(cycle.cutoffScore, cycle)} (${cycle.policy})`,
    ),
    step(`prices: ${cycle.priceSource}${age}`),
    step(`${facts.amount} credits ${won ? 'paid' : 'released'}`),
  ]
  const event = placeOf(facts, 'bid_processed')
  const text = `cycle ${cycle.number} ${won ? 'let it win' : 'outbid it'}`
  return step(text, { event, atMs: cycle.openedAtMs, children })
}

function ending(facts: BidRecord): StoryNode {
  const children = [step(explainDecision(facts)), step(`${facts.amount} credits released`)]
  return step(facts.status, { event: placeOf(facts, `bid_${facts.status}`), children })
}

function leased(facts: BidRecord, lease: NonNullable<BidRecord['lease']>): StoryNode {
  const children = [step('starts', { atMs: lease.startsAtMs })]
  children.push(
    step(lease.status === 'active' ? 'ends' : lease.status, {
      atMs: lease.endsAtMs,
      event: placeOf(facts, lease.status === 'revoked' ? 'lease_revoked' : 'lease_ended'),
    }),
  )
  if (facts.execution !== null) {
    const { status, reason } = facts.execution
    children.push(step(`execution: ${status}${reason === null ? '' : `, ${reason}`}`))
  }
  if (facts.isRefunded) children.push(step(`${facts.amount} credits given back to ${facts.payer}`))
  return step(`lease ${lease.leaseId}`, { event: placeOf(facts, 'resources_allocated'), children })
}

function placeOf({ events }: BidRecord, type: string): EventPlace | null {
  return events.find(event => event.type === type) ?? null
}

function wanted({ durationSeconds, ...quantities }: BidRecord['bundle']): string {
  const shares = Object.entries(quantities).filter(([, share]) => share > 0)
  return `${shares.map(([name, share]) => `${percent(share)} of ${name}`).join(', ')} for ${durationSeconds} s`
}

function step(
  text: string,
  { event = null, atMs = event?.atMs ?? null, children = [] }: Partial<Omit<StoryNode, 'text'>> = {},
): StoryNode {
  return { text, atMs: event?.atMs ?? atMs, event, children }
}
