import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** What is kept of an output stream: its last bytes, and how many there were in all. */
export interface KeptOutput {
  bytes: Uint8Array
  total: number
}

/** Of a stream this much is kept. */
export const KEPT_BYTES_MAX = 64 * 1024
/** So much is read as fast as it comes; after that a program that writes without end waits for its pipe. */
const READ_FREELY_BYTES = 1024 * 1024
const READ_LATER_BYTES_PER_SECOND = 256 * 1024
const CHUNK_BYTES = 64 * 1024

/**
 * Reads `stream` to its end and keeps its last bytes. A flood costs little: beyond the first megabyte the stream is
 * read slowly, and its writer is held up by its full pipe. `isOver` ends the slowness once the writer is gone.
 */
export async function keepOutput(stream: Readable, isOver: () => boolean): Promise<KeptOutput> {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  let total = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      total += chunk.length
      kept.push(chunk)
      keptBytes += chunk.length
      if (keptBytes > 2 * KEPT_BYTES_MAX) {
        kept = [lastBytes(kept)]
        keptBytes = kept[0]!.length
      }
      if (total > READ_FREELY_BYTES && !isOver()) {
        await delay((1000 * Math.min(chunk.length, CHUNK_BYTES)) / READ_LATER_BYTES_PER_SECOND)
      }
    }
  } catch {
    // The pipe broke with its writer: what was read is what there is.
  }
  return { bytes: lastBytes(kept), total }
}

function lastBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const all = Buffer.concat(chunks)
  return Buffer.from(all.subarray(Math.max(0, all.length - KEPT_BYTES_MAX)))
}
