import { createHash } from 'node:crypto'

/** A span that is over, told from what was written down: made again, it is the same span. */
export interface SpanRecord {
  traceId: string
  spanId: string
  /** Null: the first of its trace. */
  parentSpanId: string | null
  name: string
  startMs: number
  endMs: number
  attributes: Record<string, string | number | boolean>
  links: SpanLink[]
  /** How many more things it belongs to than it links to. */
  linksLeftOut: number
  /** What was refused or went wrong, for people; null: nothing. */
  problem: string | null
}

export interface SpanLink {
  traceId: string
  spanId: string
  attributes: Record<string, string | number>
}

/** The id of a span that stands for a part of something: always the same one for the same part. */
export function spanIdOf(whole: string, part: string): string {
  return createHash('sha256').update(`${whole}/${part}`).digest('hex').slice(0, 16)
}

type Given = Pick<SpanRecord, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'startMs' | 'endMs'> &
  Partial<SpanRecord>

/** A span with no links and no problem unless they are given; it never ends before it starts. */
export function spanRecord(given: Given): SpanRecord {
  const { attributes = {}, links = [], linksLeftOut = 0, problem = null } = given
  return { ...given, endMs: Math.max(given.startMs, given.endMs), attributes, links, linksLeftOut, problem }
}
