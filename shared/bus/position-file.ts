import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { PositionStore } from './position.ts'

const positionSchema = z.strictObject({
  market: z.string(),
  seq: z.number().int().min(1),
  eventId: z.uuid(),
  epoch: z.number().int().min(1),
})

/** A file that does not hold the position of a reader of this market. */
export class UnusablePosition extends Error {
  constructor(path: string, problem: string) {
    super(`${path} holds no position in this market's events (${problem}); name another file, or remove it`)
    this.name = 'UnusablePosition'
  }
}

/**
 * Keeps the position of one reader of one market in a small JSON file, replaced as a whole: after a crash it holds
 * the last position written or the one before. Reading throws UnusablePosition.
 */
export function positionFile(path: string, marketId: string): PositionStore {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(nullWhenMissing)
      if (text === null) return null
      const { market, ...position } = parse(path, text)
      if (market !== marketId) throw new UnusablePosition(path, `it is of market ${JSON.stringify(market)}`)
      return position
    },
    async write(position) {
      const next = `${path}.next`
      await writeFile(next, `${JSON.stringify({ market: marketId, ...position })}\n`)
      await rename(next, path)
    },
  }
}

function parse(path: string, text: string): z.infer<typeof positionSchema> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new UnusablePosition(path, 'not JSON')
  }
  const read = positionSchema.safeParse(json)
  if (!read.success) throw new UnusablePosition(path, z.prettifyError(read.error))
  return read.data
}

function nullWhenMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
