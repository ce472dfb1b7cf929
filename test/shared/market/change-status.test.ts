import { expect, test } from 'vitest'
import { changeStatus } from '../../../shared/market/change-status.ts'

test.each([
  ['open', 'pause', 'paused', 'market_paused'],
  ['paused', 'pause', 'paused', null],
  ['paused', 'resume', 'open', 'market_resumed'],
  ['open', 'resume', 'open', null],
  ['open', 'close', 'closing', 'market_closed'],
  ['paused', 'close', 'closing', 'market_closed'],
  ['closing', 'close', 'closing', null],
  ['closed', 'close', 'closed', null],
] as const)('%s, %s: %s', (current, change, status, event) => {
  expect(changeStatus('m', current, change)).toEqual({ ok: true, status, event })
})

test.each([
  ['closing', 'pause'],
  ['closed', 'resume'],
] as const)('%s cannot %s', (current, change) => {
  expect(changeStatus('m', current, change)).toMatchObject({ ok: false, error: { code: 'market_closed' } })
})
