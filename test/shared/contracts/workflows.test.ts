import { expect, test } from 'vitest'
import { marketInPriceUpdateId } from '../../../shared/contracts/workflows.ts'

test.each([
  ['price-update/first', 'first'],
  ['price-update/first-2026-11-23T10:00:00Z', 'first'],
  ['price-update/2026-11-23-2026-11-23T10:00:00Z', '2026-11-23'],
  ['price-update/first/by-hand', 'first'],
  ['something', undefined],
  ['price-update/', undefined],
])('the market in the workflow id %s is %s', (workflowId, marketId) => {
  expect(marketInPriceUpdateId(workflowId)).toBe(marketId)
})
