import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { DatabaseClient } from './pool.ts'

export type CopyValue = string | number | bigint | null

/** Rows leave in pieces of about this many characters, so that a large batch never stands in memory as text. */
const CHARACTERS_PER_CHUNK = 262_144
const NEEDS_ESCAPE = /[\\\t\n\r]/g
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/**
 * Writes rows by COPY, in the order given and in the client's transaction: several times faster than an insert of
 * arrays. `target` is the table with its columns, such as `outbox (batch_id, ordinal)`.
 */
export async function copyRows(
  client: DatabaseClient,
  target: string,
  rows: Iterable<readonly CopyValue[]>,
): Promise<void> {
  await pipeline(Readable.from(chunksOf(rows)), client.query(copyFrom(`copy ${target} from stdin`)))
}

function* chunksOf(rows: Iterable<readonly CopyValue[]>): Generator<string> {
  let chunk = ''
  for (const row of rows) {
    chunk += `${row.map(textOf).join('\t')}\n`
    if (chunk.length < CHARACTERS_PER_CHUNK) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

function textOf(value: CopyValue): string {
  if (value === null) return '\\N'
  return typeof value === 'string' ? value.replace(NEEDS_ESCAPE, found => ESCAPES[found]!) : String(value)
}
