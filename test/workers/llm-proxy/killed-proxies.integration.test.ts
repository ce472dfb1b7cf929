import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { auditMarkets } from '../../../shared/db/audit/audit.ts'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { startScriptedUpstream } from '../../../workers/scripted-upstream/server.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { type LeasedTokens, leaseTokens, readBudget } from './leased-tokens.ts'
import { configOf, type ProxyProcess, startProxy } from './proxy-process.ts'

const { db, url } = await ownDatabase()
const CALLERS = 12
const KILLS = 3
const FROZEN_MS = 300

/** Calls on and on, at whichever proxy is there; a proxy that dies in the middle is no reason to stop. */
async function callOn(
  proxies: readonly ProxyProcess[],
  { token }: LeasedTokens,
  caller: number,
  isOver: () => boolean,
): Promise<number> {
  let answered = 0
  for (let nth = 0; !isOver(); nth++) {
    const proxy = proxies[(caller + nth) % proxies.length]!
    const stream = nth % 2 === 0
    const body = { model: 'small', messages: [{ role: 'user', content: 'say' }], stream, max_tokens: 40 }
    try {
      const response = await fetch(`${proxy.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      })
      await response.text()
      if (response.ok) answered += 1
      else await delay(20)
    } catch {
      await delay(20)
    }
  }
  return answered
}

test('whatever proxies are killed and frozen while calls run, nothing is overspent and nothing stays set aside', async () => {
  const upstream = await startScriptedUpstream({ script: [{ does: 'answer', words: 10, dripMs: 3 }] })
  const config = configOf([upstream.baseUrl])
  const leases = [await leaseTokens(db, 6_000), await leaseTokens(db, 600_000)]
  const proxies = await Promise.all([startProxy(url, config), startProxy(url, config)])
  let isOver = false
  const calling = Array.from({ length: CALLERS }, (_, caller) =>
    callOn(proxies, leases[caller % leases.length]!, caller, () => isOver),
  )
  for (let kill = 0; kill < KILLS; kill++) {
    const callsBefore = upstream.calls
    await expect.poll(() => upstream.calls, { timeout: PATIENCE_MS }).toBeGreaterThan(callsBefore + 10)
    const place = kill % proxies.length
    if (kill % 2 === 1) {
      proxies[place]!.child.kill('SIGSTOP')
      await delay(FROZEN_MS)
      proxies[place]!.child.kill('SIGCONT')
    }
    await proxies[place]!.end('SIGKILL')
    proxies[place] = await startProxy(url, config)
  }
  isOver = true
  const answered = await Promise.all(calling)
  expect(answered.reduce((sum, count) => sum + count)).toBeGreaterThan(0)
  for (const { leaseId, grantedTokens } of leases) {
    const { used, reserved } = await readBudget(db, leaseId)
    expect(used + reserved).toBeLessThanOrEqual(grantedTokens)
  }

  // Calls of the dead are given up on at their deadline, which comes now at the latest; of those alive none is under way.
  const before = await leftOpen()
  await db.query(
    `update llm_calls set reserved_at = reserved_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour'
      where status = 'reserved'`,
  )
  await expect.poll(leftOpen, { timeout: PATIENCE_MS }).toEqual([])
  const { rows } = await db.query(
    `select call_id, charged_tokens = reserved_tokens as is_worst from llm_calls where outcome = 'abandoned'`,
  )
  expect(rows.map(row => row.call_id)).toEqual(expect.arrayContaining(before))
  expect(rows.filter(row => !row.is_worst)).toEqual([])
  for (const { leaseId, grantedTokens } of leases) {
    const budget = await readBudget(db, leaseId)
    expect(budget).toMatchObject({ reserved: 0, open: 0, used: budget.charged })
    expect(budget.used).toBeLessThanOrEqual(grantedTokens)
  }
  const markets = leases.map(({ marketId }) => marketId)
  const findings = await inTransaction(db, client => auditMarkets(client, markets))
  expect(findings.filter(({ wrong }) => wrong > 0)).toEqual([])
  await upstream.close()
})

async function leftOpen(): Promise<string[]> {
  const { rows } = await db.query(`select call_id from llm_calls where status = 'reserved' order by 1`)
  return rows.map(row => row.call_id)
}
