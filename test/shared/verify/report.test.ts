import { expect, test } from 'vitest'
import { checkOfFinding, checkOfStream, detailOf, reportOf } from '../../../shared/verify/report.ts'

const finding = { name: 'ledger sums to zero', marketId: 'm', checked: 3, wrong: 0, examples: [] }

test('a check without a wrong thing is ok and has nothing to tell', () => {
  expect(checkOfFinding(finding)).toEqual({
    name: 'ledger sums to zero',
    market: 'm',
    ok: true,
    checked: 3,
    detail: null,
  })
})

test('tells the first wrong things and how many more there are', () => {
  expect(detailOf(2, ['one', 'two'])).toBe('one; two')
  expect(detailOf(7, ['one', 'two', 'three'])).toBe('one; two; three; and 4 more')
})

test('garbage in a stream is worth knowing, a missing event is a failure', () => {
  const whole = { found: 9, copies: 0, strangers: 2, problem: null }
  expect(checkOfStream('m', whole)).toMatchObject({
    ok: true,
    checked: 9,
    detail: expect.stringContaining('2'),
  })
  const lacking = { ...whole, problem: 'the stream has event 7 where event 5 belongs' }
  expect(checkOfStream('m', lacking)).toMatchObject({ ok: false, detail: expect.stringContaining('event 7') })
})

test('one failed check fails the report; checks stand by market', () => {
  const good = checkOfFinding(finding)
  const bad = checkOfFinding({ ...finding, marketId: 'a', wrong: 1, examples: ['batch 1 sums to 5'] })
  const report = reportOf(['a', 'm'], [good, bad])
  expect(report.ok).toBe(false)
  expect(report.checks.map(check => check.market)).toEqual(['a', 'm'])
  expect(reportOf(['m'], [good]).ok).toBe(true)
})
