import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLog, type Logger } from '../../../shared/telemetry/log.ts'
import { withLogFields } from '../../../shared/telemetry/log-fields.ts'

const HOSTILE = [
  'two\nlines',
  'a\r\n{"level":60,"msg":"forged"}',
  '\u001b[2J\u001b[1;31mred',
  '\u009b31mred',
  'before\u2028after\u2029end',
  '\u202egnorw',
  'null\u0000byte \u007f \u0008\u0008\u0008',
  '","level":60,"msg":"forged',
]
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not get through
const OBEYED_BY_TERMINALS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

const lines: string[] = []
const destination = { write: (line: string) => lines.push(line) }
const logs = {
  json: createLog('test', { level: 'trace', format: 'json', destination }),
  pretty: createLog('test', { level: 'trace', format: 'pretty', destination }),
}

function logged(format: keyof typeof logs, tell: (log: Logger) => void): string {
  lines.length = 0
  tell(logs[format])
  return lines.join('')
}

/** What our own colours put there. */
function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour
  return text.replace(/\u001b\[\d{1,2}m/g, '')
}

describe('a log', () => {
  test.each(HOSTILE)('keeps %j within its field of its line', hostile => {
    const json = logged('json', log => log.warn({ agent: hostile, [hostile]: hostile }, `told: ${hostile}`))
    expect(json.split('\n')).toHaveLength(2)
    expect(json).not.toMatch(OBEYED_BY_TERMINALS)
    expect(JSON.parse(json)).toMatchObject({
      level: 40,
      agent: hostile,
      [hostile]: hostile,
      msg: `told: ${hostile}`,
    })

    const pretty = logged('pretty', log =>
      log.warn({ agent: hostile, [hostile]: hostile }, `told: ${hostile}`),
    )
    expect(pretty.split('\n')).toHaveLength(2)
    expect(withoutColours(pretty)).not.toMatch(OBEYED_BY_TERMINALS)
  })

  test.each(HOSTILE)('keeps an error whose message is %j within its lines', hostile => {
    const error = new Error(hostile)
    const json = logged('json', log => log.error({ err: error }, 'failed'))
    expect(json.split('\n')).toHaveLength(2)
    expect(json).not.toMatch(OBEYED_BY_TERMINALS)

    const [line, ...stack] = withoutColours(logged('pretty', log => log.error({ err: error }, 'failed')))
      .trimEnd()
      .split('\n')
    expect(line).toMatch(/ERROR test failed err=/)
    expect(stack.every(one => one.startsWith('        | at '))).toBe(true)
    expect([line, ...stack].join('')).not.toMatch(OBEYED_BY_TERMINALS)
  })

  test('writes one line for anything it is given', () => {
    const anyText = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), anyText, (fields, message) => {
        for (const format of ['json', 'pretty'] as const) {
          const text = logged(format, log => log.info({ given: fields }, message))
          expect(text.endsWith('\n')).toBe(true)
          expect(withoutColours(text.slice(0, -1))).not.toMatch(OBEYED_BY_TERMINALS)
          expect(text.slice(0, -1)).not.toContain('\n')
        }
      }),
    )
  })

  test('tells the market, cycle and agent that a line belongs to', async () => {
    const json = logged('json', log =>
      withLogFields({ market: 'first', cycle: 3 }, () =>
        withLogFields({ agent: 'ann' }, () => log.info('here')),
      ),
    )
    expect(JSON.parse(json)).toMatchObject({ process: 'test', market: 'first', cycle: 3, agent: 'ann' })
    expect(JSON.parse(logged('json', log => log.info('outside')))).not.toHaveProperty('market')
  })

  test('leaves out what is below its level', () => {
    lines.length = 0
    const log = createLog('test', { level: 'warn', destination })
    log.info('quiet')
    log.warn('loud')
    expect(lines).toHaveLength(1)
  })
})
