import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventSplitter, EventTooLong } from '../../../shared/llm/event-stream.ts'

const STREAM = Buffer.from(
  ': ping\r\n\r\ndata: {"a":"ü"}\n\nevent: x\ndata: one\ndata:two\n\n\ndata: [DONE]\n\ndata: rest',
)

test('events are the same however the bytes were cut', () => {
  const whole = readAll([STREAM])
  expect(whole.map(({ data }) => data)).toEqual([null, '{"a":"ü"}', 'one\ntwo', null, '[DONE]', 'rest'])
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), cuts => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
      const pieces = places.slice(1).map((end, nth) => STREAM.subarray(places[nth], end))
      expect(readAll(pieces)).toEqual(whole)
    }),
  )
})

test('what is passed on are the bytes that came', () => {
  const raw = Buffer.concat(readAll([STREAM]).map(event => event.raw)).toString()
  expect(raw).toBe(`${STREAM.toString()}\n\n`)
})

test('an event without end is refused', () => {
  const splitter = createEventSplitter(100)
  expect(() => splitter.push(Buffer.alloc(101, 'x'))).toThrow(EventTooLong)
})

function readAll(pieces: Buffer[]) {
  const splitter = createEventSplitter(1_000)
  return [...pieces.flatMap(piece => splitter.push(piece)), ...splitter.end()]
}
