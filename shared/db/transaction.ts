import type { QueryConfig, QueryResult } from 'pg'
import type { Database, DatabaseClient } from './pool.ts'

/** A transaction that lost a deadlock is tried this often in all. */
const MAX_ATTEMPTS = 5
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'

/** What a transaction read has changed before it could commit: from the start it will do. */
export class TryAgain extends Error {}

/**
 * Runs `work` in one read-committed transaction: committed when it returns, rolled back when it throws.
 * A deadlock, a serialization failure or TryAgain is retried from the start; anything else reaches the caller.
 */
export async function inTransaction<T>(
  db: Database,
  work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  return await withAttempts(async () => {
    const client = await db.connect()
    let broken: Error | undefined
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      broken = await rollback(client)
      throw error
    } finally {
      client.release(broken)
    }
  })
}

/** Runs one statement that is a transaction of its own, in one round trip; retried as `inTransaction` is. */
export async function inOneStatement(db: Database, statement: QueryConfig): Promise<QueryResult> {
  return await withAttempts(() => db.query(statement))
}

/** Runs `work` reading one snapshot of the whole database; it can write nothing. */
export async function atOneSnapshot<T>(
  db: Database,
  work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  const client = await db.connect()
  let broken: Error | undefined
  try {
    await client.query('begin transaction isolation level repeatable read, read only')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
}

async function withAttempts<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRetryable(error)) throw error
    }
  }
}

/** Rolls back; a connection on which even that fails is returned as broken, to be thrown away. */
async function rollback(client: DatabaseClient): Promise<Error | undefined> {
  try {
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error as Error
  }
}

function isRetryable(error: unknown): boolean {
  if (error instanceof TryAgain) return true
  const code = (error as { code?: unknown }).code
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED
}
