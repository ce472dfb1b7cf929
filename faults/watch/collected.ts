import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An event as a reader met it. */
export interface MetEvent {
  seq: number
  eventId: string
}

/** Where the collector writes what it met of a market. */
export function collectedFile(folder: string, marketId: string): string {
  return join(folder, `${marketId}.collected`)
}

/** What the collector met so far, in the order it met it; a line under way is left out. */
export function readCollected(folder: string, marketId: string): MetEvent[] {
  const file = collectedFile(folder, marketId)
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const [seq, eventId] = JSON.parse(line)
      return { seq, eventId }
    })
}
