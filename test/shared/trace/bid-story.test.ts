import { expect, it } from 'vitest'
import { bidStory, refusalStory, type StoryNode } from '../../../shared/trace/bid-story.ts'
import type { BidRecord, CycleFacts, RefusalRecord } from '../../../shared/trace/facts.ts'

const place = (seq: number) => ({ seq, atMs: 1_000 + seq, published: true })
const cycle: CycleFacts = {
  marketId: 'first',
  number: 3,
  policy: 'highest-bid',
  openedByRun: 'run',
  traceparent: null,
  openedAtMs: 2_000,
  effectiveAtMs: 2_010,
  considered: 9,
  winners: 2,
  losers: 7,
  leftWaiting: 0,
  revenue: '12',
  cutoffScore: '5000000',
  priceSource: 'live',
  priceAgeSeconds: 2,
  supply: { cpu: 1 },
  remaining: { cpu: 0.25 },
  prices: { cpu: '0.01' },
}
const pending: BidRecord = {
  bidId: 'b1',
  marketId: 'first',
  traceparent: null,
  placedAtMs: 1_000,
  admittedAtMs: 1_007,
  placedSeq: 7,
  payer: 'ann',
  beneficiary: 'ann',
  amount: '4',
  bundle: { cpu: 0.5, durationSeconds: 10 },
  via: 'cli',
  actor: 'cli/op',
  status: 'pending',
  goodTillCancelled: true,
  expiresAtMs: null,
  placed: place(7),
  score: null,
  rank: null,
  firstConsideredCycle: 1,
  lastConsideredCycle: 2,
  cycle: null,
  events: [],
  lease: null,
  execution: null,
  isRefunded: false,
  now: { freeSupply: { cpu: 0.25 }, postedCost: '6', belowPostedCost: true },
  firstKeptSeq: 1,
}
const outbid: BidRecord = {
  ...pending,
  status: 'outbid',
  now: null,
  rank: 4,
  score: '4000000',
  cycle,
}

function textOf({ text, children }: StoryNode): string {
  return [text, ...children.map(textOf)].join('\n')
}

it('tells what a waiting bid waits for', () => {
  const text = textOf(bidStory(pending))
  expect(text).toContain('considered first by cycle 1, last by 2')
  expect(text).toContain('does not fit now: 50 % of cpu of which 25 % is free')
  expect(text).toContain('amount below the posted cost of 6')
  expect(text).toContain('stays until it wins or is cancelled')
})

it('tells why a bid lost, by its score against the cut-off', () => {
  const below = textOf(bidStory(outbid))
  expect(below).toContain('lost at rank 4 of 9')
  expect(below).toContain('score 4 credits, cut-off 5 credits (highest-bid)')
  expect(below).toContain('better bids had left 25 % of cpu where it asked 50 %')
  expect(textOf(bidStory({ ...outbid, score: '6000000' }))).toContain('although its score was high enough')
  const nobody = { ...cycle, winners: 0, cutoffScore: null }
  expect(textOf(bidStory({ ...outbid, cycle: nobody }))).toContain('leases that run had left 25 % of cpu')
})

it('tells a winner its lease, with the place of each event', () => {
  const lease = { leaseId: 'l1', startsAtMs: 3_000, endsAtMs: 9_000, status: 'ended' as const }
  const events = [
    { type: 'bid_processed', ...place(9) },
    { type: 'resources_allocated', ...place(11) },
  ]
  const story = bidStory({ ...outbid, status: 'completed', lease, events })
  expect(textOf(story)).toContain('4 credits paid')
  expect(story.children.find(one => one.text === 'lease l1')?.event?.seq).toBe(11)
  expect(story.children.find(one => one.text === 'cycle 3 let it win')?.event?.seq).toBe(9)
})

it('tells a cancelled bid its release, and what a checkpoint took', () => {
  const text = textOf(bidStory({ ...pending, status: 'cancelled', now: null, firstKeptSeq: 50 }))
  expect(text).toContain('taken out of the book before any cycle decided it')
  expect(text).toContain('4 credits released')
  expect(text).toContain('events before 50 are gone')
})

it('tells a lease that was revoked by the event that did it', () => {
  const lease = { leaseId: 'l1', startsAtMs: 3_000, endsAtMs: 5_000, status: 'revoked' as const }
  const events = [{ type: 'lease_revoked', ...place(12) }]
  const story = bidStory({ ...outbid, status: 'completed', lease, events })
  const leased = story.children.find(one => one.text === 'lease l1')
  expect(leased?.children.find(one => one.text === 'revoked')).toMatchObject({ event: { seq: 12 } })
})

it('tells a refusal by its reason and what it lacked', () => {
  const refusal: RefusalRecord = {
    marketId: 'first',
    agent: 'ann',
    traceId: null,
    reason: 'insufficient_balance',
    message: null,
    required: '9',
    available: '4',
    count: 1,
    event: place(3),
  }
  expect(textOf(refusalStory(refusal))).toContain(
    'insufficient_balance: it needs 9 credits and 4 are available',
  )
  expect(textOf(refusalStory({ ...refusal, message: 'too little' }))).toContain(
    'insufficient_balance: too little',
  )
})
