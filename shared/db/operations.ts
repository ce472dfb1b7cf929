import { createHash } from 'node:crypto'
import { contentText, type FirstOutcome } from '../economy/first-outcome.ts'
import type { DatabaseClient } from './pool.ts'

/** An operation as its caller named it; two with one key must have one content. */
export interface KeyedOperation {
  agentId: bigint | null
  key: string
  content: unknown
}

/** SHA-256 of the content, whatever the order of its keys. */
export function contentHash(content: unknown): Buffer {
  return createHash('sha256').update(contentText(content)).digest()
}

/** First outcomes already stored under these keys, in the order asked; undefined where there is none. */
export async function findOutcomes(
  client: DatabaseClient,
  marketId: string,
  asked: readonly KeyedOperation[],
): Promise<(FirstOutcome | undefined)[]> {
  if (asked.length === 0) return []
  const { rows } = await client.query(
    `select asked.place, o.request_hash, o.outcome
       from unnest($2::bigint[], $3::text[]) with ordinality as asked(agent_id, key, place)
       join operations o on o.market_id = $1 and o.agent_id is not distinct from asked.agent_id and o.key = asked.key`,
    [marketId, asked.map(one => one.agentId), asked.map(one => one.key)],
  )
  const found: (FirstOutcome | undefined)[] = asked.map(() => undefined)
  for (const row of rows) {
    const place = Number(row.place) - 1
    found[place] = {
      sameContent: contentHash(asked[place]!.content).equals(row.request_hash),
      outcome: row.outcome,
    }
  }
  return found
}

export interface StoredOperation extends KeyedOperation {
  operationId: string
  outcome: unknown
}

/** Stores first outcomes in the transaction of their change, sorted by key as the lock order asks. */
export async function storeOutcomes(
  client: DatabaseClient,
  marketId: string,
  nowMs: number,
  operations: readonly StoredOperation[],
): Promise<void> {
  if (operations.length === 0) return
  const sorted = operations.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  await client.query(
    `insert into operations (operation_id, market_id, agent_id, key, request_hash, outcome, created_at)
     select operation_id, $1, agent_id, key, request_hash, outcome, $2
       from unnest($3::uuid[], $4::bigint[], $5::text[], $6::bytea[], $7::jsonb[])
         as o(operation_id, agent_id, key, request_hash, outcome)`,
    [
      marketId,
      new Date(nowMs),
      sorted.map(one => one.operationId),
      sorted.map(one => one.agentId),
      sorted.map(one => one.key),
      sorted.map(one => contentHash(one.content)),
      sorted.map(one => JSON.stringify(one.outcome)),
    ],
  )
}

/** True when another process stored a first outcome under the same key meanwhile. */
export function isKeyTaken(error: unknown): boolean {
  return (error as { constraint?: string }).constraint === 'one_outcome_per_key'
}
