import type { Outbox, Published } from '../events/outbox.ts'

/** Progress is written at most this often. */
const RECORD_INTERVAL_MS = 100

export interface Watermark {
  /** Tells progress; it is written soon. */
  advance(publication: Published): void
  /** Writes what is not yet written; throws what an earlier write met. */
  flush(): Promise<void>
}

/** Records how far a market's stream is published, in the background and no oftener than needed. */
export function openWatermark(
  outbox: Outbox,
  marketId: string,
  onRecorded: (seq: number) => void,
): Watermark {
  let latest: Published | null = null
  let writing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let problem: unknown

  async function write() {
    const publication = latest
    latest = null
    if (publication === null) return
    await outbox.recordPublication(marketId, publication)
    onRecorded(publication.seq)
  }

  function writeNext() {
    timer = null
    writing = writing.then(write).catch(error => {
      problem ??= error
    })
  }

  return {
    advance(publication) {
      latest = publication
      timer ??= setTimeout(writeNext, RECORD_INTERVAL_MS)
    },
    async flush() {
      if (timer) clearTimeout(timer)
      writeNext()
      await writing
      if (problem !== undefined) {
        const error = problem
        problem = undefined
        throw error
      }
    },
  }
}
