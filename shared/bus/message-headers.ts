import type { Msg, MsgHdrs } from 'nats'

/** The headers of a message as they came. */
export interface MessageHeaders {
  /** The server's status; its code is 0 for a message that is none. */
  status(): { code: number; description: string }
  /** A header's first value; empty when it has none. */
  first(name: string): string
  /** A header's last value; empty when it has none. */
  last(name: string): string
}

const VERSION = 'NATS/1.0'

/**
 * Reads a message's headers where they are asked for. The client's own reading costs more than all else that is done
 * with a message, and throws on names it does not like, which anybody may have written.
 */
export function headersOf(message: Msg): MessageHeaders {
  const text = headerText(message)
  return {
    status() {
      const firstLine = text.slice(VERSION.length, endOfLine(text, 0)).trim()
      const [, code = '0', description = ''] = /^(\d+) ?(.*)$/.exec(firstLine) ?? []
      return { code: Number(code), description }
    },
    first: name => valueAt(text, text.indexOf(`\r\n${name}:`), name),
    last: name => valueAt(text, text.lastIndexOf(`\r\n${name}:`), name),
  }
}

/** Headers to be sent. None of the values may hold a line break. */
export function headersWith(values: Readonly<Record<string, string>>): MsgHdrs {
  let text = VERSION
  for (const name in values) text += `\r\n${name}: ${values[name]}`
  const bytes = Buffer.from(`${text}\r\n\r\n`)
  // Their bytes are all that the client asks of headers it sends.
  return { encode: () => bytes } as unknown as MsgHdrs
}

/** A message as the client makes it: how many bytes it has in all is not in the client's types. */
type SizedMsg = Msg & { size(): number }

/** The server sends headers and data in one piece, and the client gives the data as a view of it. */
function headerText(message: Msg): string {
  const { subject, reply, data } = message
  const allBytes = (message as SizedMsg).size()
  const length = allBytes - Buffer.byteLength(subject) - Buffer.byteLength(reply ?? '') - data.length
  return Buffer.from(data.buffer, data.byteOffset - length, length).toString()
}

function valueAt(text: string, place: number, name: string): string {
  if (place === -1) return ''
  const begins = place + name.length + 3
  return text.slice(begins, endOfLine(text, begins)).trim()
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end === -1 ? text.length : end
}
