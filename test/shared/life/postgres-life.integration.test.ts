import { ownDatabase } from '../db/own-database.ts'
import { createPostgresUnderTest } from '../economy/postgres-under-test.ts'
import { describeLife } from './life-contract.ts'

const { db } = await ownDatabase()

describeLife('the economy on Postgres', () => createPostgresUnderTest(db))
