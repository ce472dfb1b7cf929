import type { ServerResponse } from 'node:http'
import { CallerGone } from '../../shared/llm/attempt-timer.ts'
import type { ChatSink } from '../../shared/llm/chat-sink.ts'

/** A reader that takes nothing for so long is hung up on: what waits for it is kept in memory. */
const SLOW_READER_MS = 30_000

/** Writes a stream to an HTTP response, as fast as it is read. */
export function responseSink(response: ServerResponse): ChatSink {
  return {
    begin({ upstream, attempts }) {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-bourse-upstream': upstream,
        'x-bourse-attempts': String(attempts),
      })
    },
    async write(bytes) {
      if (response.destroyed) throw new CallerGone('the caller has gone')
      if (!response.write(bytes)) await drained(response)
    },
  }
}

async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onClose = () => reject(new CallerGone('the caller has gone'))
  const timer = setTimeout(() => reject(new CallerGone('the caller does not read')), SLOW_READER_MS)
  response.once('drain', resolve)
  response.once('close', onClose)
  try {
    await promise
  } catch (error) {
    response.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    response.off('drain', resolve)
    response.off('close', onClose)
  }
}
