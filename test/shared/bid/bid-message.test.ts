import { describe, expect, test } from 'vitest'
import { readBidMessage } from '../../../shared/bid/bid-message.ts'
import { MAX_BIDS_PER_MESSAGE } from '../../../shared/bid/bids-per-message.ts'

describe('a placeBid message', () => {
  test('is one bid, or a list of them', () => {
    expect(readBidMessage({ amount: 1 })).toEqual({ bids: [{ amount: 1 }], isList: false })
    expect(readBidMessage({ bids: [1, 2] })).toEqual({ bids: [1, 2], isList: true })
    const longest = new Array(MAX_BIDS_PER_MESSAGE).fill(1)
    expect(readBidMessage({ bids: longest })).toEqual({ bids: longest, isList: true })
  })

  test.each([
    [null],
    ['text'],
    [{ bids: [] }],
    [{ bids: 'all' }],
    [{ bids: [1], more: 1 }],
    [{ bids: new Array(MAX_BIDS_PER_MESSAGE + 1).fill(1) }],
  ])('is passed on whole when it is neither: %#', message => {
    expect(readBidMessage(message)).toEqual({ bids: [message], isList: false })
  })
})
