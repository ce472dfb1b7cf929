/** What Postgres knows of a bid: credits as decimal strings, times in milliseconds since 1970, fractions of capacity. */
export interface BidFacts {
  bidId: string
  marketId: string
  traceId: string | null
  payer: string
  beneficiary: string
  amount: string
  bundle: Record<string, number>
  via: string
  actor: string
  status: string
  goodTillCancelled: boolean
  expiresAtMs: number | null
  placed: EventPlace
  score: string | null
  rank: number | null
  firstConsideredCycle: number | null
  lastConsideredCycle: number | null
  decidedBy: DecidingCycle | null
  /** Events about this bid that the outbox keeps, in their order. */
  events: (EventPlace & { type: string })[]
  lease: { leaseId: string; startsAtMs: number; endsAtMs: number; status: string } | null
  execution: { status: string; reason: string | null } | null
  /** What the bid would meet now, if it is in the book. */
  now: { freeSupply: Record<string, number>; postedCost: string; belowPostedCost: boolean } | null
  /** Events before this one are gone, with the checkpoint that stands for them. */
  firstKeptSeq: number
}

/** Where and when an event stands, and whether the market's stream is known to hold it. */
export interface EventPlace {
  seq: number
  atMs: number
  published: boolean
}

export interface DecidingCycle {
  number: number
  openedAtMs: number
  policy: string
  considered: number
  winners: number
  /** The lowest score that won; null when nobody did. */
  cutoffScore: string | null
  priceSource: string
  priceAgeSeconds: number | null
}

/** A refused bid, which has no row: what its event or its stored verdict tells. */
export interface RefusalFacts {
  marketId: string
  agent: string | null
  traceId: string | null
  reason: string
  message: string | null
  required: string | null
  available: string | null
  event: EventPlace | null
}

/** One step of a bid's way, with what it consists of; `event` is where the market's events tell it. */
export interface StoryNode {
  text: string
  atMs: number | null
  event: EventPlace | null
  children: StoryNode[]
}

/** Tells a bid's way from its row and its kept events, as a tree. */
export function bidStory(facts: BidFacts): StoryNode {
  const children = [placement(facts), ...(facts.now === null ? [waitedFor(facts)] : [waiting(facts)])]
  if (facts.decidedBy !== null) children.push(decision(facts, facts.decidedBy))
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
export function refusalStory(facts: RefusalFacts): StoryNode {
  const children = [step(`reason: ${facts.reason}${facts.message === null ? '' : `: ${facts.message}`}`)]
  if (facts.required !== null) children.push(step(`required: ${facts.required} credits`))
  if (facts.available !== null) children.push(step(`available: ${facts.available} credits`))
  return step(`refused bid of ${facts.agent ?? 'an unknown agent'} in market ${facts.marketId}`, {
    event: facts.event,
    children,
  })
}

function placement(facts: BidFacts): StoryNode {
  const forWhom = facts.beneficiary === facts.payer ? '' : ` for ${facts.beneficiary}`
  return step(`placed via ${facts.via} by ${facts.actor}${forWhom}`, {
    event: facts.placed,
    children: [step(`held ${facts.amount} credits`), step(`wants ${fractions(facts.bundle)}`)],
  })
}

function waitedFor(facts: BidFacts): StoryNode {
  return step(`waited in the book: ${consideredBy(facts)}`)
}

function waiting(facts: BidFacts): StoryNode {
  const { freeSupply, postedCost, belowPostedCost } = facts.now!
  const lacking = Object.keys(freeSupply).filter(name => (facts.bundle[name] ?? 0) > freeSupply[name]!)
  const fit =
    lacking.length === 0
      ? 'its bundle fits the free supply now'
      : `does not fit now: ${lacking.map(name => `${name} ${facts.bundle[name]} of ${freeSupply[name]} free`).join(', ')}`
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

function consideredBy({ firstConsideredCycle: first, lastConsideredCycle: last }: BidFacts): string {
  if (first === null || last === null) return 'no cycle considered it'
  return first === last
    ? `considered by cycle ${first}`
    : `considered first by cycle ${first}, last by ${last}`
}

function decision(facts: BidFacts, cycle: DecidingCycle): StoryNode {
  const won = facts.status !== 'outbid'
  const age = cycle.priceAgeSeconds === null ? '' : `, ${cycle.priceAgeSeconds} s old`
  const children = [
    step(`rank ${facts.rank} of ${cycle.considered} (${cycle.winners} won)`),
    step(`score ${facts.score}, cut-off ${cycle.cutoffScore ?? 'none: nobody won'} (${cycle.policy})`),
    step(`prices: ${cycle.priceSource}${age}`),
    step(won ? `paid ${facts.amount} credits` : `${whyLost(facts, cycle)}; ${facts.amount} credits released`),
  ]
  const event = placeOf(facts, 'bid_processed')
  const text = `cycle ${cycle.number} ${won ? 'let it win' : 'outbid it'}`
  return step(text, { event, atMs: cycle.openedAtMs, children })
}

/** A cycle takes bids best first, each that fits into what is left: who loses did not fit at its turn. */
function whyLost({ score }: BidFacts, { cutoffScore }: DecidingCycle): string {
  if (cutoffScore === null) return 'its bundle did not fit the free supply: no bid of the cycle did'
  if (score !== null && BigInt(score) > BigInt(cutoffScore)) {
    return 'scored above the cut-off, but its bundle did not fit when its turn came; a lower score that fitted won'
  }
  return 'its bundle did not fit into what better bids left'
}

function ending(facts: BidFacts): StoryNode {
  const text = facts.status === 'cancelled' ? 'cancelled' : 'expired'
  const event = placeOf(facts, `bid_${text}`)
  return step(`${text}: ${facts.amount} credits released`, { event })
}

function leased(facts: BidFacts, lease: NonNullable<BidFacts['lease']>): StoryNode {
  const children = [step('starts', { atMs: lease.startsAtMs })]
  children.push(
    step(lease.status === 'active' ? 'ends' : lease.status, {
      atMs: lease.endsAtMs,
      event: placeOf(facts, 'lease_ended'),
    }),
  )
  if (facts.execution !== null) {
    const { status, reason } = facts.execution
    children.push(step(`execution: ${status}${reason === null ? '' : `, ${reason}`}`))
  }
  return step(`lease ${lease.leaseId}`, { event: placeOf(facts, 'resources_allocated'), children })
}

function placeOf({ events }: BidFacts, type: string): EventPlace | null {
  return events.find(event => event.type === type) ?? null
}

function fractions(bundle: Record<string, number>): string {
  return Object.entries(bundle)
    .map(([name, amount]) => `${name} ${amount}`)
    .join(', ')
}

function step(
  text: string,
  { event = null, atMs = event?.atMs ?? null, children = [] }: Partial<Omit<StoryNode, 'text'>> = {},
): StoryNode {
  return { text, atMs: event?.atMs ?? atMs, event, children }
}
