import pc from 'picocolors'
import { escapeHidden } from './hidden-characters.ts'

const LEVELS: Record<number, string> = {
  10: pc.dim('TRACE'),
  20: pc.dim('DEBUG'),
  30: pc.green('INFO '),
  40: pc.yellow('WARN '),
  50: pc.red('ERROR'),
  60: pc.bold(pc.red('FATAL')),
}
const PLAIN = /^[\w.:/@-]+$/

/** A line of JSON log as a line for people. Values stand as JSON unless they are plain words, so none can forge a line. */
export function formatLogLine(json: string): string {
  const { level, time, process, name: _name, msg, err, ...fields } = JSON.parse(json)
  const told = Object.entries({ ...fields, ...(err === undefined ? {} : { err: err.message ?? err }) })
    .map(([key, value]) => `${pc.dim(`${word(key)}=`)}${word(value)}`)
    .join(' ')
  const head = `${pc.dim(String(time).slice(11, 23))} ${LEVELS[level] ?? word(level)} ${pc.cyan(word(process))}`
  const stack = typeof err?.stack === 'string' ? stackOf(err.stack) : ''
  return `${[head, text(msg ?? ''), told].filter(part => part !== '').join(' ')}\n${stack}`
}

function word(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : escapeHidden(JSON.stringify(value))
}

/** A message without its quotes: still with every line break and control character as an escape. */
function text(message: unknown): string {
  return escapeHidden(JSON.stringify(String(message)))
    .slice(1, -1)
    .replaceAll('\\"', '"')
}

/** Where an error came from, each of its lines marked as its own. */
function stackOf(stack: string): string {
  return stack
    .split('\n')
    .filter(line => line.startsWith('    at '))
    .map(line => pc.dim(`        | ${text(line.trim())}\n`))
    .join('')
}
