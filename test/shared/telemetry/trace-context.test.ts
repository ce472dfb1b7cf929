import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { contextOf, traced, traceparentOf } from '../../../shared/telemetry/trace-context.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('a trace context', () => {
  test('comes out of a stored traceparent and goes back into one, with tracing off too', () => {
    expect(traceparentOf(contextOf(traceparent))).toBe(traceparent)
    expect(trace.getSpanContext(contextOf(traceparent))).toMatchObject({ isRemote: true, traceFlags: 1 })
  })

  test('keeps what its caller did not record', () => {
    const unrecorded = traceparent.replace(/01$/, '00')
    expect(traceparentOf(contextOf(unrecorded))).toBe(unrecorded)
  })

  test.each([null, undefined, '', 'nonsense'])('is the root for %j', text => {
    expect(traceparentOf(contextOf(text))).toBeNull()
    expect(contextOf(text)).toBe(ROOT_CONTEXT)
  })

  test('is nothing where nothing is traced', async () => {
    expect(traceparentOf(context.active())).toBeNull()
    expect(await traced('work', {}, async span => span.isRecording())).toBe(false)
    await expect(traced('work', {}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })
})
