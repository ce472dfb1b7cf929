import { randomBytes } from 'node:crypto'
import { afterAll } from 'vitest'
import { migrate } from '../../../shared/db/migrate.ts'
import { createDatabase, type Database } from '../../../shared/db/pool.ts'

/**
 * A migrated database of its own for a test file, where no worker looks after the markets; it goes when the file is
 * through. Call it at the top of the file.
 */
export async function ownDatabase(): Promise<{ db: Database; url: string }> {
  const serverUrl = process.env.BOURSE_POSTGRES_URL ?? ''
  const name = `test_${randomBytes(6).toString('hex')}`
  const server = createDatabase(serverUrl, name, 1)
  await server.query(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await migrate(url.href)
  const db = createDatabase(url.href, name)
  afterAll(async () => {
    await db.end()
    await server.query(`drop database ${name} with (force)`)
    await server.end()
  })
  return { db, url: url.href }
}
