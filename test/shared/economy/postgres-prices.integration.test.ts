import { ownDatabase } from '../db/own-database.ts'
import { createPostgresUnderTest } from './postgres-under-test.ts'
import { describePrices } from './price-contract.ts'

const { db } = await ownDatabase()

describePrices('the economy on Postgres', () => createPostgresUnderTest(db))
