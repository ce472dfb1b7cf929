/** One block of a server-sent event stream: its bytes as they came, and its data if it has any. */
export interface StreamEvent {
  raw: Buffer
  data: string | null
}

const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** An event that is longer than its reader allows. */
export class EventTooLong extends Error {}

/**
 * Splits the bytes of a server-sent event stream into events, which end with an empty line; lines may end with LF or
 * CR LF. `end` gives what an upstream did not finish with an empty line. Throws EventTooLong above `maxBytes` an event.
 */
export function createEventSplitter(maxBytes: number): {
  push: (bytes: Uint8Array) => StreamEvent[]
  end: () => StreamEvent[]
} {
  let pending = Buffer.alloc(0)
  let lineStart = 0
  let isFirst = true

  return {
    push(bytes) {
      const events: StreamEvent[] = []
      let searchFrom = pending.length
      pending = pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([pending, bytes])
      for (;;) {
        const lineEnd = pending.indexOf(LINE_FEED, searchFrom)
        if (lineEnd === -1) break
        const isEmpty =
          lineEnd === lineStart || (lineEnd === lineStart + 1 && pending[lineStart] === CARRIAGE_RETURN)
        if (isEmpty) {
          events.push(eventOf(withoutMark(pending.subarray(0, lineEnd + 1))))
          pending = pending.subarray(lineEnd + 1)
          lineStart = 0
          searchFrom = 0
        } else {
          lineStart = lineEnd + 1
          searchFrom = lineStart
        }
      }
      if (pending.length > maxBytes) throw new EventTooLong(`an event is longer than ${maxBytes} bytes`)
      return events
    },
    end() {
      const rest = pending
      pending = Buffer.alloc(0)
      lineStart = 0
      return rest.length === 0 ? [] : [eventOf(withoutMark(Buffer.concat([rest, Buffer.from('\n\n')])))]
    },
  }

  /** A stream may begin with a byte order mark, which is no part of its first line. */
  function withoutMark(raw: Buffer): Buffer {
    const hasMark = isFirst && raw.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    isFirst = false
    return hasMark ? raw.subarray(BYTE_ORDER_MARK.length) : raw
  }
}

function eventOf(raw: Buffer): StreamEvent {
  const lines = raw.toString('utf8').split(/\r?\n/)
  const data = lines
    .filter(line => line === 'data' || line.startsWith('data:'))
    .map(line => line.slice(5).replace(/^ /, ''))
  return { raw, data: data.length === 0 ? null : data.join('\n') }
}
