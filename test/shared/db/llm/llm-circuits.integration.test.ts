import { expect, test } from 'vitest'
import { forgetCircuits, recordCircuits, tellOutages } from '../../../../shared/db/llm/llm-circuits.ts'
import type { CircuitStatus } from '../../../../shared/llm/circuit.ts'
import { leaseTokens } from '../../../workers/llm-proxy/leased-tokens.ts'
import { ownDatabase } from '../own-database.ts'

const { db } = await ownDatabase()
const noHint = async () => {}

async function told(marketId: string) {
  const { rows } = await db.query(
    `select o.type, o.data from outbox o join event_batches b using (batch_id)
      where b.market_id = $1 and o.type like 'llm_circuit%' order by b.first_seq`,
    [marketId],
  )
  return rows.map(({ type, data }) => `${type} ${data.upstream} ${data.failures}`)
}

const stand = (processId: string, status: CircuitStatus, failures = 0) =>
  recordCircuits(db, processId, [{ upstream: 'first', status, failures }])
const tellAtOnce = () => Promise.all(Array.from({ length: 4 }, () => tellOutages(db, noHint)))

test('markets with leases on tokens are told once that an upstream is out, and once that it is back everywhere', async () => {
  const [one, two] = [await leaseTokens(db, 60_000), await leaseTokens(db, 60_000)]
  const without = await leaseTokens(db, 0)
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
  await stand(a, 'closed')
  await stand(b, 'closed')
  await tellAtOnce()
  expect(await told(one.marketId)).toEqual([])

  await stand(a, 'open', 7)
  await tellAtOnce()
  await stand(b, 'open', 5)
  await stand(a, 'half_open', 7)
  await tellAtOnce()
  for (const { marketId } of [one, two]) expect(await told(marketId)).toEqual(['llm_circuit_opened first 7'])
  expect(await told(without.marketId)).toEqual([])

  await stand(a, 'closed')
  await tellAtOnce()
  expect(await told(one.marketId)).toHaveLength(1)
  await stand(b, 'closed')
  await tellAtOnce()
  for (const { marketId } of [one, two]) {
    expect(await told(marketId)).toEqual(['llm_circuit_opened first 7', 'llm_circuit_closed first 7'])
  }
})

test('a process that died or ended with an open circuit leaves no market untold', async () => {
  const { marketId } = await leaseTokens(db, 60_000)
  const [dead, ended] = [crypto.randomUUID(), crypto.randomUUID()]
  for (const processId of [dead, ended]) await stand(processId, 'open', 4)
  await tellAtOnce()
  await forgetCircuits(db, ended)
  await tellAtOnce()
  expect(await told(marketId)).toEqual(['llm_circuit_opened first 4'])
  await db.query(`update llm_circuits set seen_at = seen_at - interval '1 minute' where process_id = $1`, [
    dead,
  ])
  await tellAtOnce()
  expect(await told(marketId)).toEqual(['llm_circuit_opened first 4', 'llm_circuit_closed first 4'])
})
