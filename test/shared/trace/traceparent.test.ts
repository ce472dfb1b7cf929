import { describe, expect, test } from 'vitest'
import { ownTrace } from '../../../shared/trace/own-trace.ts'
import { formatTraceparent, readTraceparent } from '../../../shared/trace/traceparent.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

describe('a traceparent', () => {
  test.each([
    [`00-${traceId}-${spanId}-01`, { traceId, spanId, sampled: true }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
    [`00-${traceId}-${spanId}-ff`, { traceId, spanId, sampled: true }],
    [`cc-${traceId}-${spanId}-01-what-the-future-adds`, { traceId, spanId, sampled: true }],
  ])('%s is read', (text, context) => {
    expect(readTraceparent(text)).toEqual(context)
  })

  test.each([
    undefined,
    null,
    7,
    '',
    'nonsense',
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01\n`,
    ` 00-${traceId}-${spanId}-01`,
    `cc-${traceId}-${spanId}-01-${'x'.repeat(101)}`,
  ])('%j is passed over', text => {
    expect(readTraceparent(text)).toBeNull()
  })

  test('is written as it is read', () => {
    const text = `00-${traceId}-${spanId}-01`
    expect(formatTraceparent(readTraceparent(text)!)).toBe(text)
  })

  test("of something's own has the trace id of its UUID", () => {
    const uuid = '0199a0c2-7f3e-7abc-8def-0123456789ab'
    expect(formatTraceparent(ownTrace(uuid))).toBe('00-0199a0c27f3e7abc8def0123456789ab-8def0123456789ab-01')
  })
})
