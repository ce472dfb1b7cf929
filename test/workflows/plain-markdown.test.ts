import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainMarkdown } from '../../workflows/plain-markdown.ts'

describe('text from outside in the Temporal UI', () => {
  it.each([
    ['# a heading', '\\# a heading'],
    ['[click](https://evil.example)', '\\[click\\]\\(https\\:\\/\\/evil\\.example\\)'],
    ['![x](y)', '\\!\\[x\\]\\(y\\)'],
    ['one\n\n- two\r\n> three', 'one \\- two \\> three'],
    ['<img src=x onerror=y>', '\\<img src\\=x onerror\\=y\\>'],
    ['a\u202eb\u200bc', 'a b c'],
    ['market first has 5 credits', 'market first has 5 credits'],
  ])('%j stays plain', (text, expected) => {
    expect(plainMarkdown(text)).toBe(expected)
  })

  it('stands on one line and has no unescaped punctuation, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
        const plain = plainMarkdown(text)
        expect(plain).not.toMatch(/[\n\r\u2028\u2029]/)
        expect(plain.replace(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[!-/:-@[-`{-~]/)
      }),
    )
  })

  it('is cut after 200 characters', () => {
    expect(plainMarkdown('x'.repeat(5_000))).toHaveLength(200 + 2 * '...'.length)
  })
})
