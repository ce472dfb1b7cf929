import type { BourseEvent } from '../../events/envelope.ts'
import type { Outbox, OutboxEvent, Publication } from '../../events/outbox.ts'
import type { EventName } from '../../events/registry.ts'
import type { Database } from '../pool.ts'

/**
 * The batches that hold events $2 + 1 to $2 + $3 of market $1. The first may begin earlier; its rows are entered
 * by ordinal, so that a page costs what it returns, whether batches are many and tiny or one and huge.
 */
const PAGE_OF_OUTBOX = `
  event_batches b
  join lateral (
    select * from outbox
     where batch_id = b.batch_id
       and ordinal >= greatest($2::bigint + 1 - b.first_seq, 0)
       and ordinal < least($2::bigint + $3::bigint + 1 - b.first_seq, b.event_count)) o on true
 where b.market_id = $1
   and b.first_seq <= $2::bigint + $3::bigint
   and b.first_seq >= coalesce(
     (select max(first_seq) from event_batches where market_id = $1 and first_seq <= $2::bigint + 1), 1)
 order by b.first_seq, o.ordinal`

const READ_EVENTS = `
  select (b.first_seq + o.ordinal)::float8, (extract(epoch from b.at) * 1000)::float8, b.epoch, o.event_id, o.source,
         o.type, o.schema_version, o.agent, o.correlation_id, o.causation_id, o.trace_id, o.scenario_id, o.data::text
    from ${PAGE_OF_OUTBOX}`

const READ_EVENT_ID = `select (b.first_seq + o.ordinal)::float8, o.event_id from ${PAGE_OF_OUTBOX}`

/** The outbox in Postgres. Its errors are Postgres's, and one when the table has lost a row. */
export function createPostgresOutbox(db: Database): Outbox {
  async function readPage(text: string, marketId: string, afterSeq: number, limit: number) {
    const { rows } = await db.query({ text, values: [marketId, afterSeq, limit], rowMode: 'array' })
    for (const [place, row] of rows.entries()) {
      if (row[0] === afterSeq + 1 + place) continue
      throw new Error(`outbox of market ${marketId} has ${row[0]} where seq ${afterSeq + 1 + place} belongs`)
    }
    return rows
  }

  return {
    async readEvents(marketId, afterSeq, limit) {
      const rows = await readPage(READ_EVENTS, marketId, afterSeq, limit)
      const isoOf = lastMomentRemembered()
      return rows.map(row => outboxEventOf(marketId, row, isoOf))
    },

    async readEventId(marketId, seq) {
      const [row] = await readPage(READ_EVENT_ID, marketId, seq - 1, 1)
      return row?.[1] ?? null
    },

    async readLastSeq(marketId) {
      const { rows } = await db.query('select last_seq from market_sequences where market_id = $1', [
        marketId,
      ])
      if (rows.length === 0) throw new Error(`there is no market ${marketId}`)
      return Number(rows[0].last_seq)
    },

    async readIdentity(marketId) {
      const { rows } = await db.query(
        'select epoch, event_key from market_sequences cross join installation where market_id = $1',
        [marketId],
      )
      if (rows.length === 0) throw new Error(`there is no market ${marketId}`)
      return { epoch: rows[0].epoch, eventKey: rows[0].event_key }
    },

    async readPublication(marketId) {
      const { rows } = await db.query(
        `select first_seq, published_seq, stream_created, stream_sequence, stream_removed
           from publications where market_id = $1`,
        [marketId],
      )
      if (rows.length === 0) throw new Error(`there is no market ${marketId}`)
      return publicationOf(rows[0])
    },

    async recordPublication(marketId, { seq, place }) {
      await db.query(
        `update publications
            set published_seq = $2, stream_created = $3, stream_sequence = $4, stream_removed = $5, updated_at = now(),
                diverged_after = null, diverged_epoch = null
          where market_id = $1 and (published_seq <= $2 or stream_created is distinct from $3)`,
        [marketId, seq, place?.created ?? null, place?.sequence ?? null, place?.removed ?? null],
      )
    },

    async recordDivergence(marketId, { commonSeq, streamEpoch }) {
      await db.query(
        'update publications set diverged_after = $2, diverged_epoch = $3 where market_id = $1',
        [marketId, commonSeq, streamEpoch],
      )
    },
  }
}

type EventRow = [
  seq: number,
  atMs: number,
  epoch: number,
  eventId: string,
  source: BourseEvent['source'],
  type: EventName,
  schemaVersion: number,
  agent: string | null,
  correlationId: string,
  causationId: string | null,
  traceId: string | null,
  scenarioId: string | null,
  data: string,
]

/** Joins the envelope around the data as Postgres wrote it: neither is parsed or written twice. */
function outboxEventOf(marketId: string, row: unknown, isoOf: (ms: number) => string): OutboxEvent {
  const [
    seq,
    atMs,
    epoch,
    eventId,
    source,
    type,
    version,
    agent,
    correlation,
    causation,
    trace,
    scenario,
    data,
  ] = row as EventRow
  const text =
    `{"event_id":"${eventId}","timestamp":"${isoOf(atMs)}","source":"${source}","type":"${type}",` +
    `"schema_version":${version},"market_id":"${marketId}",` +
    (scenario === null ? '' : `"scenario_id":${JSON.stringify(scenario)},`) +
    (agent === null ? '' : `"agent_id":"${agent}",`) +
    `"correlation_id":${JSON.stringify(correlation)},` +
    (causation === null ? '' : `"causation_id":"${causation}",`) +
    (trace === null ? '' : `"trace_id":${JSON.stringify(trace)},`) +
    `"epoch":${epoch},"seq":${seq},"data":${data}}`
  const event = { seq, event_id: eventId, market_id: marketId, source, type, text }
  return agent === null ? event : { ...event, agent_id: agent }
}

/** ISO 8601 of a moment; the events of a batch share theirs, so the last one is kept. */
function lastMomentRemembered(): (ms: number) => string {
  let lastMs = Number.NaN
  let lastIso = ''
  return ms => {
    if (ms !== lastMs) {
      lastMs = ms
      lastIso = new Date(ms).toISOString()
    }
    return lastIso
  }
}

function publicationOf(row: {
  first_seq: bigint
  published_seq: bigint
  stream_created: string | null
  stream_sequence: bigint | null
  stream_removed: bigint | null
}): Publication {
  const place =
    row.stream_created === null
      ? null
      : {
          created: row.stream_created,
          sequence: Number(row.stream_sequence),
          removed: Number(row.stream_removed),
        }
  return { firstSeq: Number(row.first_seq), seq: Number(row.published_seq), place }
}
