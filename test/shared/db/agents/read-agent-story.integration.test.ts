import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresIdentity } from '../../../../shared/db/agents/postgres-identity.ts'
import { createPostgresLedger } from '../../../../shared/db/ledger/postgres-ledger.ts'
import { bourseJson, runBourse } from '../../../cli/run-bourse.ts'
import { openTestEconomy, type TestEconomy } from '../../../workflows/economy-client.ts'
import { wonLeases } from '../leases/won-leases.ts'

let test: TestEconomy

beforeAll(async () => {
  // Nobody works on this queue: what happens here is what is asked for here.
  test = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: `nobody-${Date.now().toString(36)}` })
})
afterAll(() => test.close())

it("an agent's story has its money by purpose, its bids, leases, runs and life", async () => {
  const { marketId, leaseIds } = await wonLeases(test, 1, 3_600)
  const identity = createPostgresIdentity(test.db, async () => {})
  const ledger = createPostgresLedger(test.db, async () => {})
  const actor = 'cli/test'
  await test.hintless.registerAgent({ marketId, agent: 'zoe', creditsMicro: 5_000_000n })
  const transfer = {
    marketId,
    from: 'zoe',
    to: 'agent-0',
    amountMicro: 2_000_000n,
    purpose: 'thanks',
    key: null,
  }
  expect((await ledger.transfer(transfer)).ok).toBe(true)
  const [leaseId] = leaseIds as [string]
  await identity.revokeLease({ marketId, leaseId, refund: true, reason: 'test', actor })
  const bid = { amount: '1', bundle: { cpu: 0.1, durationSeconds: 5 } }
  await test.hintless.admitBids(marketId, [{ agent: 'agent-0', bid, via: 'cli', actor }])
  await identity.freezeAgent({ marketId, agent: 'agent-0', reason: 'odd', actor })

  const { code, document } = await bourseJson(['agent', 'show', marketId, 'agent-0'])
  expect(code).toBe(0)
  expect(document).toMatchObject({
    ok: true,
    balance: '102',
    story: {
      dormantReason: null,
      parent: null,
      generation: 0,
      children: [],
      money: [
        { purpose: 'bid_payment', movements: 1, received: '0', spent: '10' },
        { purpose: 'endowment', movements: 1, received: '100', spent: '0' },
        { purpose: 'refund', movements: 1, received: '10', spent: '0' },
        { purpose: 'thanks', movements: 1, received: '2', spent: '0' },
      ],
      bids: { completed: 1, cancelled: 1 },
      leases: { revoked: 1 },
      executions: { operator: 1 },
      life: [{ type: 'agent_frozen', data: { reason: 'odd' } }, { type: 'agent_registered' }],
    },
  })
  const told = await runBourse(['agent', 'show', marketId, 'agent-0'])
  expect(told.stdout).toMatch(/leases +1 revoked/)
  expect(told.stdout).toContain('agent_frozen')
})
