import { readdirSync } from 'node:fs'
import { MIGRATIONS_FOLDER, MIGRATIONS_TABLE } from './migrate.ts'
import type { Database } from './pool.ts'

/** The newest migration that was applied, and what this code has beyond it (or the database beyond this code). */
export interface SchemaVersion {
  newest: string | null
  /** Migrations of this code that the database lacks. */
  missing: string[]
  /** Migrations of the database that this code does not know: it was migrated by a newer Bourse. */
  unknown: string[]
}

/** Compares the database's migrations with this code's. */
export async function readSchemaVersion(db: Database): Promise<SchemaVersion> {
  const { rows } = await db.query(`select name from ${MIGRATIONS_TABLE} order by id`)
  const applied: string[] = rows.map(row => row.name)
  const known = readdirSync(MIGRATIONS_FOLDER)
    .filter(file => file.endsWith('.sql'))
    .map(file => file.replace(/\.sql$/, ''))
    .toSorted()
  return {
    newest: applied.at(-1) ?? null,
    missing: known.filter(name => !applied.includes(name)),
    unknown: applied.filter(name => !known.includes(name)),
  }
}
