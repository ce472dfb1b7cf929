import { ownDatabase } from '../db/own-database.ts'
import { createPostgresUnderTest } from '../economy/postgres-under-test.ts'
import { describeAllowances } from './allowance-contract.ts'

const { db } = await ownDatabase()

describeAllowances('allowances on Postgres', () => createPostgresUnderTest(db), 10)
