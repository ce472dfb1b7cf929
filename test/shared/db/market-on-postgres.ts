import { afterAll } from 'vitest'
import { createDatabase, type Database } from '../../../shared/db/pool.ts'
import { createPostgresUnderTest } from '../economy/postgres-under-test.ts'

/** A pool on the Postgres that the tests run on, closed when the file is through. */
export function databaseForTests(name: string, maxConnections = 10): Database {
  const db = createDatabase(postgresUrl(), name, maxConnections)
  afterAll(() => db.end())
  return db
}

/** An economy with a connection of its own, as another process would have; close its database when done. */
export function separateEconomy(name: string) {
  const db = createDatabase(postgresUrl(), name, 1)
  return { db, ...createPostgresUnderTest(db) }
}

export function postgresUrl(): string {
  return process.env.BOURSE_POSTGRES_URL ?? ''
}
