import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'

/**
 * Brings the database at `postgresUrl` to the newest schema: forward only, one process at a time.
 * Throws what Postgres says when a migration fails; that migration then left nothing behind.
 */
export async function migrate(postgresUrl: string): Promise<void> {
  await runner({
    databaseUrl: postgresUrl,
    dir: fileURLToPath(new URL('./migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    log: () => {},
  })
}
