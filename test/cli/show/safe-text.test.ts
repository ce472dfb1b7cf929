import { describe, expect, it } from 'vitest'
import { safeJson, safeText } from '../../../cli/show/safe-text.ts'
import { renderFacts, renderTable } from '../../../cli/show/table.ts'

const FORGERY = 'ada\u001b[2K\r\u009b31mbob\u202e\n'

describe('text that agents wrote', () => {
  it('shows what a terminal would obey', () => {
    expect(safeText(FORGERY)).toBe('ada\\u001b[2K\\u000d\\u009b31mbob\\u202e\\u000a')
  })

  it('keeps letters of every script, and emoji', () => {
    expect(safeText('Ünïcødé 市场 سوق 👩‍🚀')).toBe('Ünïcødé 市场 سوق 👩‍🚀')
  })

  it('stays the same document in JSON', () => {
    const text = safeJson({ name: FORGERY })
    expect(text).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(JSON.parse(text)).toEqual({ name: FORGERY })
  })

  it('cannot forge a row of a table', () => {
    const table = renderTable(
      ['name', { right: 'credits' }],
      [
        [FORGERY, '1'],
        ['eve', '20'],
      ],
    )
    expect(table.split('\n')).toHaveLength(4)
    expect(table).toContain('\\u001b')
    expect(renderFacts([['name', FORGERY]]).split('\n')).toHaveLength(2)
  })
})
