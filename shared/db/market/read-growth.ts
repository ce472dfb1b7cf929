import type { Database } from '../pool.ts'

/** What a table takes on disk with its indexes, and about how many rows it has (Postgres's own estimate). */
export interface TableSize {
  table: string
  bytes: number
  rows: number
}

/** The database's size, and its largest tables, the largest first. */
export async function readGrowth(
  db: Database,
  tables: number,
): Promise<{ databaseBytes: number; version: string; tables: TableSize[] }> {
  const { rows } = await db.query(
    `select pg_database_size(current_database())::float8 as database_bytes, current_setting('server_version') as version,
            t.relname, t.bytes::float8, t.rows
       from (select c.relname, pg_total_relation_size(c.oid) as bytes,
                    greatest(c.reltuples, s.n_live_tup)::float8 as rows
               from pg_class c join pg_stat_user_tables s on s.relid = c.oid
              where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
              order by bytes desc limit $1) t order by t.bytes desc`,
    [tables],
  )
  return {
    databaseBytes: rows[0]?.database_bytes ?? 0,
    version: rows[0]?.version ?? '',
    tables: rows.map(row => ({ table: row.relname, bytes: row.bytes, rows: Math.max(0, row.rows) })),
  }
}
