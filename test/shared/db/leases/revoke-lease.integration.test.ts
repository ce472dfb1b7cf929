import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresIdentity } from '../../../../shared/db/agents/postgres-identity.ts'
import { createPostgresExecutions } from '../../../../shared/db/executions/executions.ts'
import type { EndedRun } from '../../../../shared/execution/executions.ts'
import { bourseJson } from '../../../cli/run-bourse.ts'
import { PATIENCE_MS } from '../../../patience.ts'
import { connectByToken } from '../../../workers/identity/agent-door.ts'
import { openTestEconomy, type TestEconomy } from '../../../workflows/economy-client.ts'
import { balances, expectSound, wonLeases } from './won-leases.ts'

const nothing = { bytes: Buffer.alloc(0), total: 0 }
const stopped: EndedRun = {
  sandbox: { reason: 'stopped', exitCode: null },
  tokensUsedUp: false,
  stdout: nothing,
  stderr: nothing,
  cpuSeconds: 0,
  problem: null,
  workspace: 'not_kept',
}
let test: TestEconomy

beforeAll(async () => {
  // Nobody works on this queue: what happens here is what is asked for here.
  test = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: `nobody-${Date.now().toString(36)}` })
})
afterAll(() => test.close())

const identityOf = () => createPostgresIdentity(test.db, async () => {})
const executionsOf = () => createPostgresExecutions(test.db, async () => {})
const asked = { refund: false, reason: 'noisy', actor: 'cli/test' }

async function leasedPpm(marketId: string): Promise<number[]> {
  const { rows } = await test.db.query(
    'select leased_ppm from market_resources where market_id = $1 order by ordinal',
    [marketId],
  )
  return rows.map(row => row.leased_ppm)
}

it('ends at once, frees its supply and its tokens, and gives nothing back unless told to', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 2, 3_600)
  const [leaseId, other] = leaseIds as [string, string]
  const identity = identityOf()
  const issued = await identity.issueLeaseToken({ marketId, leaseId, agent: null, actor: 'test' })
  if (!issued.ok) throw new Error(issued.error.message)
  const connection = await connectByToken(issued.token, marketId, 'agent-0')
  const revoked = await identity.revokeLease({ marketId, leaseId, ...asked })
  await connection.closed()
  expect(revoked).toMatchObject({ ok: true, leaseId, refund: '0', isProgramRunning: false })
  expect(await leasedPpm(marketId)).toEqual([100_000, 250_000, 0, 0])
  expect(await balances(test, marketId)).toEqual([90_000_000n, 90_000_000n])
  expect(await identity.findLeaseOfToken(issued.token)).toMatchObject({ error: { code: 'token_expired' } })
  expect((await identity.listEndedTokens(30, 10)).filter(one => one.marketId === marketId)).toHaveLength(1)
  // Its program was never begun, and never is; what was paid stays paid.
  expect(await executionsOf().begin(leaseId, 'late')).toMatchObject({
    begin: { state: 'over', outcome: { status: 'missed', reason: 'operator', refunded: false } },
  })
  expect(await executionsOf().refundMissed(marketId)).toBe(0)

  const again = await identity.revokeLease({ marketId, leaseId, ...asked, refund: true })
  expect(again).toEqual(revoked)
  const told = (await test.writtenEvents(marketId)).filter(event => event.type === 'lease_revoked')
  expect(told).toMatchObject([
    { data: { lease_id: leaseId, refund: '0', reason: 'noisy', actor: 'cli/test' } },
  ])
  await expectSound(test, marketId)

  // The cycle that comes next sells again what was freed.
  await test.hintless.admitBids(marketId, [
    {
      agent: 'agent-1',
      bid: { amount: '1', bundle: { cpu: 0.9, memory: 0.75, durationSeconds: 60 } },
      via: 'cli',
      actor: 'test',
    },
  ])
  await test.hintless.openCycle(marketId, 2, 'test')
  expect(await test.hintless.settleCycle(marketId, 2)).toMatchObject({ cycle: 2, winners: 1 })
  expect((await identity.revokeLease({ marketId, leaseId: other, ...asked })).ok).toBe(true)
  await expectSound(test, marketId)
})

it('with a refund mints back what was paid, once, also when many ask and its program is ended', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 3_600)
  const [leaseId] = leaseIds as [string]
  const executions = executionsOf()
  await executions.begin(leaseId, 'one')
  const identity = identityOf()
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => identity.revokeLease({ marketId, leaseId, ...asked, refund: true })),
  )
  expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
  expect(answers[0]).toMatchObject({ ok: true, refund: '10', payer: 'agent-0', isProgramRunning: true })
  // A program that could not even begin is paid for by nobody; here it has been paid back already.
  const failed: EndedRun = { ...stopped, sandbox: { reason: 'failed_to_start', exitCode: null } }
  expect(await executions.end(leaseId, failed)).toMatchObject({ reason: 'failed_to_start', refunded: true })
  expect(await balances(test, marketId)).toEqual([100_000_000n])
  await expectSound(test, marketId)
})

it('is not given back twice when its program failed before', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 3_600)
  const [leaseId] = leaseIds as [string]
  await executionsOf().begin(leaseId, 'one')
  await executionsOf().end(leaseId, { ...stopped, sandbox: { reason: 'failed_to_start', exitCode: null } })
  const revoked = await identityOf().revokeLease({ marketId, leaseId, ...asked, refund: true })
  expect(revoked).toMatchObject({ ok: true, refund: '0' })
  expect(await balances(test, marketId)).toEqual([100_000_000n])
  await expectSound(test, marketId)
})

it('is refused by name when there is no such lease, or it has ended, and changes nothing', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 3_600)
  const identity = identityOf()
  for (const leaseId of ['no id', 'a6bb4a5c-5a0c-4d22-8d3a-0f4cb1f4a0aa']) {
    const refused = await identity.revokeLease({ marketId, leaseId, ...asked })
    expect(refused).toMatchObject({ error: { code: 'unknown_lease', field: 'leaseId' } })
  }
  const elsewhere = await identity.revokeLease({ marketId: 'nowhere', leaseId: leaseIds[0]!, ...asked })
  expect(elsewhere).toMatchObject({ error: { code: 'unknown_market' } })
  expect(await leasedPpm(marketId)).toEqual([100_000, 250_000, 0, 0])
})

it('by command tells who did what and why', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 3_600)
  const [leaseId] = leaseIds as [string]
  const command = ['lease', 'revoke', marketId, leaseId, '--refund', '--reason', 'outage']
  const { code, document } = await bourseJson(command)
  expect(code).toBe(0)
  expect(document).toMatchObject({ ok: true, marketId, leaseId, refund: '10' })
  const { document: audit } = await bourseJson(['audit', marketId])
  expect(audit).toMatchObject({
    items: expect.arrayContaining([
      expect.objectContaining({
        type: 'lease_revoked',
        actor: expect.stringMatching(/^cli\//),
        data: expect.objectContaining({ reason: 'outage' }),
      }),
    ]),
  })
  expect((await bourseJson(['lease', 'revoke', marketId, 'nothing', '--reason', 'x'])).code).toBe(1)
})

it('refuses a lease whose time is over, though its market has not looked since, and leaves its end as it was', async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 1)
  const [leaseId] = leaseIds as [string]
  const readLease = async () => {
    const { rows } = await test.db.query(
      'select status, ends_at, ends_at <= clock_timestamp() as is_over from leases where lease_id = $1',
      [leaseId],
    )
    return rows[0]
  }
  await expect.poll(async () => (await readLease()).is_over, { timeout: PATIENCE_MS }).toBe(true)
  const before = await readLease()
  const refused = await identityOf().revokeLease({ marketId, leaseId, ...asked, refund: true })
  expect(refused).toMatchObject({ ok: false, error: { code: 'lease_ended' } })
  expect(await readLease()).toEqual({ ...before, status: 'active' })
  expect(await balances(test, marketId)).toEqual([90_000_000n])
  await expectSound(test, marketId)
})
