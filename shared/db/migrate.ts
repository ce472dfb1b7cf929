import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
export const MIGRATIONS_TABLE = 'migrations'

/** A migration waits no longer for a table in use: behind it, everything that uses the table would wait as well. */
const LOCK_WAIT = '5s'
const LOCK_NOT_AVAILABLE = '55P03'
const MAX_ATTEMPTS = 12

/**
 * Brings the database at `postgresUrl` to the newest schema: forward only, one process at a time, beside markets that
 * run. Throws what Postgres says when a migration fails; that migration then left nothing behind.
 */
export async function migrate(postgresUrl: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await migrateOnce(postgresUrl)
    } catch (error) {
      const isInUse = (error as { code?: string }).code === LOCK_NOT_AVAILABLE
      if (!isInUse || attempt >= MAX_ATTEMPTS) throw error
    }
  }
}

async function migrateOnce(postgresUrl: string): Promise<void> {
  await runner({
    databaseUrl: { connectionString: postgresUrl, options: `-c lock_timeout=${LOCK_WAIT}` },
    dir: MIGRATIONS_FOLDER,
    direction: 'up',
    migrationsTable: MIGRATIONS_TABLE,
    advisoryLockMode: 'wait',
    log: () => {},
  })
}
