import { afterAll } from 'vitest'
import { createDatabase } from '../../../shared/db/pool.ts'
import { describeEconomy } from './economy-contract.ts'
import { createPostgresUnderTest } from './postgres-under-test.ts'

const db = createDatabase(process.env.BOURSE_POSTGRES_URL ?? '', 'economy-contract')
afterAll(() => db.end())

describeEconomy('the economy on Postgres', () => createPostgresUnderTest(db))
