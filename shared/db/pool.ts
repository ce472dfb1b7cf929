import pg from 'pg'

/** A connection pool on Postgres whose `bigint` columns arrive as BigInt and timestamps as Date. */
export type Database = pg.Pool
export type DatabaseClient = pg.PoolClient

const INT8 = 20
const INT8_ARRAY = 1016
const INT4_ARRAY = 1007
/** A statement that takes longer is ended: nothing in Bourse waits for ever on Postgres. */
const STATEMENT_TIMEOUT_MS = 60_000
const LOCK_TIMEOUT_MS = 30_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000

function parserOf(oid: number, format?: 'text' | 'binary') {
  if (oid === INT8) return BigInt
  if (oid === INT8_ARRAY) return (text: string) => parseArray(text, BigInt)
  if (oid === INT4_ARRAY) return (text: string) => parseArray(text, Number)
  return pg.types.getTypeParser(oid, format as 'text')
}

/** An array of plain integers, none of them null: the driver's own parser takes ten times as long. */
function parseArray<T>(text: string, parse: (element: string) => T): T[] {
  return text === '{}'
    ? []
    : text
        .slice(1, -1)
        .split(',')
        .map(element => parse(element))
}

/** How long a statement waits for a lock, and a transaction for its next statement, before Postgres ends it. */
export interface Patience {
  lockMs: number
  idleInTransactionMs: number
}

/**
 * Price updates give up soon and are tried again. One that waits keeps Postgres from clearing away the old versions of
 * rows that every cycle changes, and one that was frozen in its transaction holds the market's sequence row.
 */
export const PRICE_UPDATE_PATIENCE: Patience = { lockMs: 1_000, idleInTransactionMs: 2_000 }

/**
 * Opens a pool on the database at `url` with at most `maxConnections` connections.
 * `applicationName` is what `pg_stat_activity` shows. Close it with `pool.end()`.
 */
export function createDatabase(
  url: string,
  applicationName: string,
  maxConnections = 10,
  patience: Partial<Patience> = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: maxConnections,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: patience.lockMs ?? LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: patience.idleInTransactionMs ?? IDLE_IN_TRANSACTION_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  })
  // A connection that breaks is replaced at the next use, and a query on it is told; without a listener, on the pool
  // for idle connections and on each for those in use, the break would end the process.
  pool.on('error', () => {})
  pool.on('connect', client => {
    client.on('error', () => {})
  })
  return pool
}
