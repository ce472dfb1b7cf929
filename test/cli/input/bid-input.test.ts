import { describe, expect, it } from 'vitest'
import { bidOf } from '../../../cli/input/bid-input.ts'
import { readBidRequest } from '../../../shared/bid/bid-request.ts'
import { readBundle } from '../../../shared/bundle/bundle.ts'

describe('a bid from options', () => {
  it('is what an agent would send, with nothing rounded', () => {
    const bid = bidOf({ amount: '25.000001', cpu: '0.1', memory: '0.000001', duration: '10', key: 'k' })
    expect(bid).toEqual({
      amount: '25.000001',
      bundle: { cpu: '0.1', memory: '0.000001', durationSeconds: 10 },
      key: 'k',
    })
    const read = readBidRequest(bid)
    expect(read).toMatchObject({ ok: true, request: { amountMicro: 25_000_001n } })
    expect(readBundle(bid.bundle, ['cpu', 'memory'])).toEqual({
      ok: true,
      quantitiesPpm: [100_000, 1],
      durationSeconds: 10,
    })
  })

  it("takes a market's own resources by name", () => {
    expect(bidOf({ amount: '1', duration: '1', resource: ['gpu=0.25', 'seats=1'] }).bundle).toEqual({
      gpu: '0.25',
      seats: '1',
      durationSeconds: 1,
    })
  })

  it.each([[['gpu']], [['=1']]])('refuses --resource %j', resource => {
    expect(() => bidOf({ amount: '1', duration: '1', resource })).toThrow('is not of the form')
  })

  it('refuses a resource that is given twice', () => {
    expect(() => bidOf({ amount: '1', duration: '1', cpu: '0.1', resource: ['cpu=0.2'] })).toThrow(
      'given twice',
    )
  })

  it('leaves a duration that is no number for admission to refuse', () => {
    expect(bidOf({ amount: '1', duration: '1.5', cpu: '1' }).bundle).toEqual({
      cpu: '1',
      durationSeconds: '1.5',
    })
  })
})
