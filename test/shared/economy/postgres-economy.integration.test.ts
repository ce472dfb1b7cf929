import { ownDatabase } from '../db/own-database.ts'
import { describeEconomy } from './economy-contract.ts'
import { createPostgresUnderTest } from './postgres-under-test.ts'

const { db } = await ownDatabase()

describeEconomy('the economy on Postgres', () => createPostgresUnderTest(db))
