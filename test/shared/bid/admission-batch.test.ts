import { describe, expect, test } from 'vitest'
import type { AdmissionAgent, AdmissionMarket } from '../../../shared/bid/admission.ts'
import {
  contentOfBid,
  decideBatch,
  type ReadableBid,
  readBatch,
} from '../../../shared/bid/admission-batch.ts'
import { rulesSchema } from '../../../shared/market/rules.ts'

const bundle = { cpu: 0.5, durationSeconds: 60 }
const market: AdmissionMarket = {
  accepting: true,
  rules: rulesSchema.parse({ bidsPerSecond: 1, bidBurst: 2 }),
  resources: ['cpu'],
  pricesMicro: [10_000],
}

const GIVEN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const ON_THE_WAY = '00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-00'

function submissions(...bids: unknown[]) {
  return bids.map(bid => ({ agent: 'ann', bid, via: 'cli' as const, actor: 'test' }))
}

function decide(bids: ReadableBid[], availableMicro = 100_000_000n) {
  const ann: AdmissionAgent = {
    agentId: 1n,
    name: 'ann',
    alive: true,
    availableMicro,
    heldMicro: 0n,
    openBids: 0,
    bucket: null,
    frozen: false,
    owner: null,
  }
  let drawn = 0
  const decided = decideBatch({
    market,
    agents: new Map([['ann', ann]]),
    bids,
    firstOutcomes: new Map(),
    nowMs: 0,
    newOperationId: () => `0199a0c2-7f3e-7abc-8def-00000000000${++drawn}`,
  })
  return { ...decided, ann }
}

describe('a batch of bids', () => {
  test('parts into bids and refusals, each in its place', () => {
    const { readable, refused, counted } = readBatch(submissions('no', { amount: 1, bundle }, { amount: 0 }))
    expect(readable.map(bid => bid.place)).toEqual([1])
    expect(refused.map(one => one.place)).toEqual([0, 2])
    expect(counted).toEqual([
      { agent: 'ann', reason: 'invalid_bid' },
      { agent: 'ann', reason: 'invalid_bid' },
    ])
  })

  test('is judged in its order, one balance behind all', () => {
    const { readable } = readBatch(submissions({ amount: 60, bundle }, { amount: 60, bundle }))
    const { verdicts, told, events, ann } = decide(readable)
    expect(verdicts.map(one => one.verdict.ok)).toEqual([true, false])
    expect(told).toHaveLength(2)
    expect(events.map(event => event.type)).toEqual(['bid_placed', 'bid_rejected'])
    expect(ann).toMatchObject({ availableMicro: 40_000_000n, heldMicro: 60_000_000n, openBids: 1 })
  })

  test('a key within the batch has one outcome; a counted refusal has none', () => {
    const bid = { amount: 1, bundle }
    const { readable } = readBatch(
      submissions(
        { ...bid, key: 'k' },
        { ...bid, key: 'k' },
        bid,
        { ...bid, key: 'l' },
        { amount: 2, bundle, key: 'l' },
      ),
    )
    const { verdicts, told, counted } = decide(readable)
    expect(verdicts[1]!.verdict).toEqual(verdicts[0]!.verdict)
    expect(verdicts.slice(3).map(({ verdict }) => !verdict.ok && verdict.error.code)).toEqual([
      'rate_limited',
      'rate_limited',
    ])
    expect(told).toHaveLength(2)
    expect(counted).toHaveLength(2)
  })

  test('a bid follows its own trace, else that of its way in, else one of its own', () => {
    const bid = { amount: 1, bundle }
    const sent = [...submissions({ ...bid, traceparent: GIVEN }, bid)].map(one => ({
      ...one,
      traceparent: ON_THE_WAY,
    }))
    expect(decide(readBatch(sent).readable).events.map(event => event.traceparent)).toEqual([
      GIVEN,
      ON_THE_WAY,
    ])
    const misled = submissions(bid).map(one => ({ ...one, traceparent: 'nonsense' }))
    expect(decide(readBatch(misled).readable).told[0]!.traceparent).toBe(
      '00-0199a0c27f3e7abc8def000000000001-8def000000000001-01',
    )
  })

  test('a refusal that is told names its operation', () => {
    const { verdicts, told } = decide(readBatch(submissions({ amount: 101, bundle })).readable)
    expect(verdicts[0]!.verdict).toMatchObject({ ok: false, error: { operationId: told[0]!.operationId } })
  })

  test('bids that say the same have the same content', () => {
    const contentOf = (bid: object) => contentOfBid(readBatch(submissions(bid)).readable[0]!)
    const bid = { amount: 1, bundle: { cpu: 0.5, durationSeconds: 60 }, key: 'k' }
    const same = { key: 'l', bundle: { durationSeconds: 60, cpu: 0.5 }, amount: '1.0' }
    expect(contentOf(same)).toBe(contentOf(bid))
    expect(contentOf({ ...bid, traceparent: GIVEN })).toBe(contentOf(bid))
    expect(contentOf({ ...bid, goodTillCancelled: true })).not.toBe(contentOf(bid))
    expect(contentOf({ ...bid, amount: 1.000001 })).not.toBe(contentOf(bid))
  })
})
