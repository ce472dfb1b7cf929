import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX, MESSAGE_DEPTH_MAX, readMessage } from '../../../shared/rpc/read-message.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => readMessage(bytesOf(text))
const codeOf = (bytes: Uint8Array) => {
  const outcome = readMessage(bytes)
  return outcome.ok ? 'ok' : outcome.error.code
}

describe('a request', () => {
  test('is one JSON object; nothing at all is an empty one', () => {
    expect(read('{"a": [1, {"b": "c"}], "d": -0.5e-3}')).toEqual({
      ok: true,
      message: { a: [1, { b: 'c' }], d: -0.0005 },
    })
    expect(readMessage(new Uint8Array())).toEqual({ ok: true, message: {} })
  })

  test.each([
    ['no JSON', 'hello'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['two objects', '{}{}'],
    ['a comment', '{/* a */}'],
    ['NaN', '{"a": NaN}'],
    ['Infinity', '{"a": -Infinity}'],
    ['a number beyond all bounds', '{"a": 1e400}'],
    ['a whole number that is not exact', '{"a": 9007199254740993}'],
    ['a huge whole number', `{"a": ${'9'.repeat(5_000)}}`],
    ['a key twice', '{"a": 1, "a": 2}'],
    ['a key twice, spelt differently', '{"a": 1, "\\u0061": 2}'],
    ['a key twice deep inside', '{"x": [{"a": 1, "b": {}, "a": 2}]}'],
    ['__proto__', '{"__proto__": {"admin": true}}'],
    ['__proto__, spelt differently', '{"a": {"\\u005f_proto__": 1}}'],
    ['constructor', '{"constructor": {"prototype": {}}}'],
    ['NUL', '{"a": "\\u0000"}'],
    ['half of a surrogate pair', '{"a": "\\ud800"}'],
    ['half of a surrogate pair in a key', '{"\\udc00": 1}'],
  ])('is refused for %s', (_name, text) => {
    expect(read(text)).toMatchObject({ ok: false, error: { code: 'invalid_json' } })
  })

  test('is refused when it begins with a byte order mark, which some readers take for text', () => {
    expect(codeOf(bytesOf('\ufeff{"a": "b"}'))).toBe('invalid_json')
  })

  test('is refused when its bytes are not UTF-8', () => {
    const bytes = bytesOf('{"a": "b"}')
    bytes[7] = 0xff
    expect(codeOf(bytes)).toBe('invalid_json')
    expect(codeOf(Uint8Array.of(0xc0, 0x80))).toBe('invalid_json')
  })

  test('is refused above its size, unread, and taken up to it', () => {
    const filled = (size: number) => bytesOf(`{"a": "${'x'.repeat(size - 9)}"}`)
    expect(codeOf(filled(MESSAGE_BYTES_MAX))).toBe('ok')
    expect(codeOf(filled(MESSAGE_BYTES_MAX + 1))).toBe('message_too_large')
  })

  test('is refused above its depth, however deep, and taken up to it', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`
    expect(codeOf(bytesOf(nested(MESSAGE_DEPTH_MAX)))).toBe('ok')
    expect(codeOf(bytesOf(nested(MESSAGE_DEPTH_MAX + 1)))).toBe('invalid_json')
    expect(codeOf(bytesOf(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`))).toBe('invalid_json')
  })

  test('whatever its bytes, is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(['ok', 'invalid_json']).toContain(codeOf(bytes))
      }),
    )
  })

  test('that any JSON object makes is read as it was meant', () => {
    const plain = fc
      .dictionary(fc.string({ unit: 'grapheme' }).filter(isPlainKey), jsonValue(), { maxKeys: 8 })
      .map(object => JSON.parse(JSON.stringify(object)))
    fc.assert(
      fc.property(plain, object => {
        expect(read(JSON.stringify(object))).toEqual({ ok: true, message: object })
      }),
    )
  })
})

function isPlainKey(key: string): boolean {
  return !['__proto__', 'constructor', 'prototype'].includes(key) && !key.includes('\0')
}

function jsonValue() {
  const text = fc.string({ unit: 'grapheme' }).filter(one => !one.includes('\0'))
  return fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    fc.array(fc.oneof(text, fc.integer()), { maxLength: 4 }),
    fc.dictionary(text.filter(isPlainKey), fc.oneof(text, fc.integer()), { maxKeys: 4 }),
  )
}
