import { ownDatabase } from '../db/own-database.ts'
import { createPostgresUnderTest } from '../economy/postgres-under-test.ts'
import { describeAttention } from './attention-contract.ts'

const { db } = await ownDatabase()

describeAttention('attention on Postgres', () => createPostgresUnderTest(db))
