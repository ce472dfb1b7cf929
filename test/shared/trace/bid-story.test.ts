import { expect, it } from 'vitest'
import { type BidFacts, bidStory, refusalStory, type StoryNode } from '../../../shared/trace/bid-story.ts'

const place = (seq: number) => ({ seq, atMs: 1_000 + seq, published: true })
const cycle = {
  number: 3,
  openedAtMs: 2_000,
  policy: 'highest-bid',
  considered: 9,
  winners: 2,
  cutoffScore: '5000000',
  priceSource: 'live',
  priceAgeSeconds: 2,
}
const pending: BidFacts = {
  bidId: 'b1',
  marketId: 'first',
  traceId: null,
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
  decidedBy: null,
  events: [],
  lease: null,
  execution: null,
  now: { freeSupply: { cpu: 0.25 }, postedCost: '6', belowPostedCost: true },
  firstKeptSeq: 1,
}
const outbid: BidFacts = {
  ...pending,
  status: 'outbid',
  now: null,
  rank: 4,
  score: '4000000',
  decidedBy: cycle,
}

function textOf({ text, children }: StoryNode): string {
  return [text, ...children.map(textOf)].join('\n')
}

it('tells what a waiting bid waits for', () => {
  const text = textOf(bidStory(pending))
  expect(text).toContain('considered first by cycle 1, last by 2')
  expect(text).toContain('does not fit now: cpu 0.5 of 0.25 free')
  expect(text).toContain('amount below the posted cost of 6')
  expect(text).toContain('stays until it wins or is cancelled')
})

it('tells why a bid lost, by its score against the cut-off', () => {
  const below = textOf(bidStory(outbid))
  expect(below).toContain('rank 4 of 9 (2 won)')
  expect(below).toContain('score 4000000, cut-off 5000000 (highest-bid)')
  expect(below).toContain('did not fit into what better bids left')
  expect(textOf(bidStory({ ...outbid, score: '6000000' }))).toContain('a lower score that fitted won')
  const nobody = { ...cycle, winners: 0, cutoffScore: null }
  expect(textOf(bidStory({ ...outbid, decidedBy: nobody }))).toContain('no bid of the cycle did')
})

it('tells a winner its lease, with the place of each event', () => {
  const lease = { leaseId: 'l1', startsAtMs: 3_000, endsAtMs: 9_000, status: 'ended' }
  const events = [
    { type: 'bid_processed', ...place(9) },
    { type: 'resources_allocated', ...place(11) },
  ]
  const story = bidStory({ ...outbid, status: 'completed', lease, events })
  expect(textOf(story)).toContain('paid 4 credits')
  expect(story.children.find(one => one.text === 'lease l1')?.event?.seq).toBe(11)
  expect(story.children.find(one => one.text === 'cycle 3 let it win')?.event?.seq).toBe(9)
})

it('tells a cancelled bid its release, and what a checkpoint took', () => {
  const text = textOf(bidStory({ ...pending, status: 'cancelled', now: null, firstKeptSeq: 50 }))
  expect(text).toContain('cancelled: 4 credits released')
  expect(text).toContain('events before 50 are gone')
})

it('tells a refusal by its reason and what it lacked', () => {
  const facts = {
    marketId: 'first',
    agent: 'ann',
    traceId: null,
    reason: 'insufficient_balance',
    message: null,
  }
  const text = textOf(refusalStory({ ...facts, required: '9', available: '4', event: place(3) }))
  expect(text).toMatch(/insufficient_balance[\s\S]*required: 9[\s\S]*available: 4/)
})
