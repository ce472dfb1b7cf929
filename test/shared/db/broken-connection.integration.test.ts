import { expect, test } from 'vitest'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { ownDatabase } from './own-database.ts'

const { db } = await ownDatabase()

test('a connection that breaks between two statements fails its transaction and nothing else', async () => {
  const broken = inTransaction(db, async client => {
    const { rows } = await client.query('select pg_backend_pid() as pid')
    await db.query('select pg_terminate_backend($1)', [rows[0].pid])
    const ended = new Promise(resolve => client.once('end', resolve))
    await ended
    return await client.query('select 1')
  })
  await expect(broken).rejects.toThrow()
  expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})
