import type { EventDraft } from '../../events/draft.ts'
import { eventIdOf } from '../../events/event-id.ts'
import { eventTypes } from '../../events/registry.ts'
import { readTraceparent } from '../../trace/traceparent.ts'
import { type CopyValue, copyRows } from '../copy-rows.ts'
import type { DatabaseClient } from '../pool.ts'
import { TryAgain } from '../transaction.ts'

const OUTBOX_COLUMNS = `outbox (batch_id, ordinal, event_id, operation, type, source, schema_version, agent,
                                correlation_id, causation_id, trace_id, scenario_id, parent_span_id, data)`

/** Where a transaction's events will stand: drawn after its last row lock, before its first write. */
export interface BatchStart {
  marketId: string
  batchId: bigint
  epoch: number
  /** The benchmark scenario that the market was made for. */
  scenarioId: string | null
  /** The transaction's one reading of Postgres's clock, in milliseconds. */
  nowMs: number
}

/** The market was closed between the reading and the last statement. */
export class MarketMoved extends Error {
  constructor(marketId: string) {
    super(`market ${marketId} was closed meanwhile`)
    this.name = 'MarketMoved'
  }
}

/** Reads the clock and draws a batch id; the market must exist. Call it after the last row lock. */
export async function startBatch(client: DatabaseClient, marketId: string): Promise<BatchStart> {
  const { rows } = await client.query(
    `select epoch, scenario_id, nextval('event_batch_ids') as batch_id, date_trunc('milliseconds', clock_timestamp()) as now
       from market_sequences where market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) throw new Error(`market ${marketId} has no sequence row`)
  const { epoch, batch_id: batchId, scenario_id: scenarioId, now } = row
  return { marketId, batchId, epoch, scenarioId, nowMs: now.getTime() }
}

/** Writes events to the outbox in the order given; ordinal 0 is the batch's first. */
export async function writeEvents(
  client: DatabaseClient,
  batch: BatchStart,
  drafts: readonly EventDraft[],
): Promise<void> {
  await copyRows(client, OUTBOX_COLUMNS, outboxRows(batch, drafts))
}

function* outboxRows(batch: BatchStart, drafts: readonly EventDraft[]): Generator<CopyValue[]> {
  const ordinalsByOperation = new Map<string, number>()
  for (const [ordinal, draft] of drafts.entries()) {
    const { operation, type } = draft
    const ordinalInOperation = ordinalsByOperation.get(operation) ?? 0
    ordinalsByOperation.set(operation, ordinalInOperation + 1)
    yield [
      batch.batchId,
      ordinal,
      eventIdOf(batch.marketId, batch.epoch, operation, ordinalInOperation),
      operation,
      type,
      eventTypes[type].source,
      eventTypes[type].version,
      draft.agent,
      draft.correlationId,
      draft.causationId,
      traceIdOf(draft.traceparent),
      batch.scenarioId,
      // A refused bid has no row that would tell where its trace goes on.
      type === 'bid_rejected' ? recordedParentOf(draft.traceparent) : null,
      JSON.stringify(draft.data),
    ]
  }
}

/**
 * The last statement of a transaction that emits `eventCount` events: numbers them, and makes the market due.
 * With `requireAccepting` a market that closed meanwhile throws MarketMoved. Returns whether the market was
 * asleep, so that the caller sends a hint after commit.
 */
export async function closeBatch(
  client: DatabaseClient,
  batch: BatchStart,
  eventCount: number,
  options: { requireAccepting?: boolean; closeAdmission?: boolean } = {},
): Promise<{ woken: boolean }> {
  const { rows } = await client.query(
    `with moved as (
       update market_sequences
          set last_seq = last_seq + $3,
              last_at = greatest(last_at, date_trunc('milliseconds', clock_timestamp())),
              wake_at = case when asleep then clock_timestamp() else wake_at end,
              asleep = false,
              accepting = accepting and not $6
        where market_id = $1 and epoch = $2 and (accepting or not $5)
       returning new.last_seq, new.last_at, old.asleep as was_asleep),
     told as (
       insert into event_batches (batch_id, market_id, epoch, first_seq, event_count, at)
       select $4, $1, $2, last_seq - $3 + 1, $3, last_at from moved)
     select was_asleep from moved`,
    [
      batch.marketId,
      batch.epoch,
      eventCount,
      batch.batchId,
      options.requireAccepting ?? false,
      options.closeAdmission ?? false,
    ],
  )
  if (rows.length === 0) {
    await requireEpoch(client, batch)
    throw new MarketMoved(batch.marketId)
  }
  return { woken: rows[0].was_asleep }
}

/** A history restored meanwhile began another epoch: the transaction's events have the ids of the old one. */
async function requireEpoch(client: DatabaseClient, { marketId, epoch }: BatchStart): Promise<void> {
  const { rows } = await client.query('select epoch from market_sequences where market_id = $1', [marketId])
  if (rows[0].epoch !== epoch) throw new TryAgain(`market ${marketId} is in epoch ${rows[0].epoch} now`)
}

/** The trace id of a traceparent as we write it. */
function traceIdOf(traceparent: string | null): string | null {
  return traceparent === null ? null : traceparent.slice(3, 35)
}

/** The span of a traceparent, if whoever sent it recorded that. */
function recordedParentOf(traceparent: string | null): string | null {
  const context = readTraceparent(traceparent)
  return context?.sampled ? context.spanId : null
}
