import { describe, expect, test } from 'vitest'
import { readBidRequest } from '../../../shared/bid/bid-request.ts'

const bundle = { cpu: 0.5, durationSeconds: 60 }

describe('reading a bid', () => {
  test('gives exact credits and defaults', () => {
    expect(readBidRequest({ amount: '1.000001', bundle })).toEqual({
      ok: true,
      request: {
        amountMicro: 1_000_001n,
        bundle,
        key: null,
        onBehalfOf: null,
        goodTillCancelled: false,
        expiresAtMs: null,
        traceparent: null,
      },
    })
  })

  test('takes everything a bid may say', () => {
    const bid = {
      amount: 2.5,
      bundle,
      key: 'my key: ü',
      onBehalfOf: 'bob',
      goodTillCancelled: true,
      expiresAt: '2026-01-01T01:00:00+01:00',
    }
    expect(readBidRequest(bid)).toMatchObject({
      ok: true,
      request: { amountMicro: 2_500_000n, key: 'my key: ü', expiresAtMs: Date.UTC(2026, 0, 1) },
    })
  })

  test.each([
    ['bid', null],
    ['bid', 'text'],
    ['bid', [1]],
    ['amount', {}],
    ['bundle', { amount: 1 }],
    ['amount', { amount: '0', bundle }],
    ['amount', { amount: -1, bundle }],
    ['amount', { amount: '1000000000000.000001', bundle }],
    ['amount', { amount: 0.1234567, bundle }],
    ['amount', { amount: '1e3', bundle }],
    ['amount', { amount: Number.NaN, bundle }],
    ['amount', { amount: '1'.repeat(41), bundle }],
    ['bundle', { amount: 1, bundle: [0.5] }],
    ['bundle.cpu', { amount: 1, bundle: { cpu: true } }],
    ['key', { amount: 1, bundle, key: '' }],
    ['key', { amount: 1, bundle, key: 'k'.repeat(201) }],
    ['key', { amount: 1, bundle, key: 'a\u0000' }],
    ['key', { amount: 1, bundle, key: '\ud800' }],
    ['onBehalfOf', { amount: 1, bundle, onBehalfOf: 'Bob' }],
    ['goodTillCancelled', { amount: 1, bundle, goodTillCancelled: 'yes' }],
    ['expiresAt', { amount: 1, bundle, expiresAt: 'tomorrow' }],
    ['traceparent', { amount: 1, bundle, traceparent: '00-1-2-01' }],
    ['bid', { amount: 1, bundle, urgent: true }],
  ])('refuses a wrong %s and names it', (field, bid) => {
    expect(readBidRequest(bid)).toEqual({ ok: false, field, problem: expect.any(String) })
  })

  test('refuses a resource whose name no database takes', () => {
    for (const name of ['\u0000', '\udfff', 'x'.repeat(101)]) {
      expect(readBidRequest({ amount: 1, bundle: { [name]: 1, durationSeconds: 1 } }).ok).toBe(false)
    }
  })
})
