import { expect } from 'vitest'
import { auditMarkets } from '../../../../shared/db/audit/audit.ts'
import { listExecutions } from '../../../../shared/db/executions/list-executions.ts'
import { atOneSnapshot } from '../../../../shared/db/transaction.ts'
import type { Program } from '../../../../shared/program/program.ts'
import type { TestEconomy } from '../../../workflows/economy-client.ts'

const program: Program = { command: ['true'], runtime: 'native', files: new Map() }

/** A market in which agents with programs have each won a lease of so many seconds. */
export async function wonLeases(test: TestEconomy, count: number, durationSeconds: number) {
  const marketId = await test.createMarket('leases')
  const agents = Array.from({ length: count }, (_, nth) => `agent-${nth}`)
  for (const agent of agents) {
    await test.hintless.registerAgent({ marketId, agent, creditsMicro: 100_000_000n, program })
  }
  await test.hintless.admitBids(
    marketId,
    agents.map(agent => ({
      agent,
      bid: { amount: '10', bundle: { cpu: 0.1, memory: 0.25, durationSeconds } },
      via: 'cli' as const,
      actor: 'test',
    })),
  )
  const opened = await test.hintless.openCycle(marketId, 1, 'test')
  expect(opened.ok).toBe(true)
  await test.hintless.settleCycle(marketId, 1)
  const leaseIds = (await listExecutions(test.db, marketId, 100)).map(one => one.leaseId)
  expect(leaseIds).toHaveLength(count)
  return { marketId, leaseIds }
}

/** What the agents of a market have, by name. */
export async function balances(test: TestEconomy, marketId: string): Promise<bigint[]> {
  const { rows } = await test.db.query(
    'select available_micro + held_micro as micro from agents where market_id = $1 order by name',
    [marketId],
  )
  return rows.map(row => row.micro)
}

/** Expects an audit of a market to find nothing wrong. */
export async function expectSound(test: TestEconomy, marketId: string): Promise<void> {
  const findings = await atOneSnapshot(test.db, client => auditMarkets(client, [marketId]))
  expect(findings.filter(finding => finding.wrong > 0)).toEqual([])
  expect(findings.length).toBeGreaterThan(10)
}
