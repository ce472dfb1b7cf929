import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { periodAt } from '../../../shared/allowance/decisions.ts'
import type { OpenPromptRequest } from '../../../shared/attention/attention.ts'
import { stackEnvironment } from '../../../shared/config/stack-state.ts'
import { createPostgresAllowances } from '../../../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../../../shared/db/attention/postgres-attention.ts'
import { migrate } from '../../../shared/db/migrate.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { type Stack, startStack } from '../../../workers/stack/start-stack.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'

const WORKER = fileURLToPath(new URL('../../../workers/market-worker.ts', import.meta.url))
const SCORES = { interesting: 7, useful: 8, understandable: 6 }
/** Over while the stack is down, on most machines; on the slowest, before: what becomes of a prompt is the same. */
const EXPIRES_SECONDS = 20
const PERIOD_SECONDS = 2
const TEST_MS_MAX = 300_000
const started: Stack[] = []
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bourse-restart-'))
})
afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop()
  rmSync(home, { recursive: true, force: true })
})

async function start(): Promise<{ stack: Stack; test: TestEconomy }> {
  const worker = { name: 'market-worker', script: WORKER, env: { BOURSE_LOG_LEVEL: 'warn' } }
  // The run's own servers stand in the environment; these are others.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  const stack = await startStack({ home, migrate, workers: [worker], env })
  started.push(stack)
  return { stack, test: await openTestEconomy({ ...process.env, ...stackEnvironment(stack.state) }) }
}

/** Opens prompts of ada, who holds attention. */
function asking({ db }: TestEconomy, marketId: string) {
  const attention = createPostgresAttention(db, async () => {})
  return (more: Partial<OpenPromptRequest> = {}) =>
    eventually(async () => {
      const request = { marketId, agent: 'ada', text: 'Is it good?', amountMicro: 5_000_000n, key: null }
      const answer = await attention.openPrompt({ ...request, ...more })
      return answer.ok && answer.promptId
    })
}

it(
  'prompts and allowances outlast a stack that is stopped and started again: scored once, expired once, paid once',
  async () => {
    const before = await start()
    const marketId = await before.test.createMarket('kept', {}, { ada: 100n })
    const bid = { amount: '10', bundle: { attention: 0.5, durationSeconds: 3_600 } }
    await before.test.economy.admitBids(marketId, [{ agent: 'ada', bid, via: 'cli', actor: 'test' }])
    const ask = asking(before.test, marketId)
    const waiting = await ask()
    const expiring = await ask({ expiresInSeconds: EXPIRES_SECONDS })
    const expiresAtMs = Date.now() + EXPIRES_SECONDS * 1000
    const given = await createPostgresAllowances(before.test.db, async () => {}).set({
      marketId,
      holder: { agent: 'ada' },
      amountMicro: 1_000_000n,
      capMicro: 1_000_000_000_000n,
      periodSeconds: PERIOD_SECONDS,
      actor: 'test',
    })
    if (!given.ok) throw new Error(given.error.message)
    const firstPeriod = Date.parse(given.allowance.nextAt) / 1000 / PERIOD_SECONDS
    for (const promptId of [waiting, expiring]) {
      const workflow = before.test.client.workflow.getHandle(`prompt/${promptId}`)
      await eventually(() => workflow.query('state').catch(() => null))
    }
    // Whether this one has a workflow by the time everything stops is a matter of luck.
    const lastMinute = await ask()
    await before.test.close()
    await before.stack.stop()
    await delay(expiresAtMs - Date.now())

    const { test } = await start()
    const restartedPeriod = periodAt(Date.now(), PERIOD_SECONDS)
    const attention = createPostgresAttention(test.db, async () => {})
    await eventually(async () => {
      const found = await attention.findPrompt(expiring)
      return found.ok && found.status === 'expired'
    })
    for (const promptId of [waiting, lastMinute]) {
      const workflow = test.client.workflow.getHandle(`prompt/${promptId}`)
      await eventually(() => workflow.query('state').catch(() => null))
      const scorings = [1, 2, 3].map(() => workflow.executeUpdate('score', { args: [SCORES] }))
      const answers = await Promise.allSettled(scorings)
      expect(answers).toContainEqual({ status: 'fulfilled', value: { awarded: '1050' } })
      expect(await workflow.result()).toMatchObject({ status: 'rewarded', awarded: '1050' })
    }
    const payments = await eventually(async () => {
      const events = await test.writtenEvents(marketId)
      const paid = events.flatMap(({ type, data }) =>
        type === 'credits_minted' && data.reason === 'allowance' ? [data] : [],
      )
      return periodOf(paid.at(-1)) >= restartedPeriod && paid
    })
    const paidCredits = payments.reduce((sum, { amount }) => sum + Number(amount), 0)
    expect(paidCredits).toBe(periodOf(payments.at(-1)) - firstPeriod + 1)

    const types = (await test.writtenEvents(marketId)).map(event => event.type)
    expect(types.filter(type => type === 'human_reward_issued')).toHaveLength(2)
    expect(types.filter(type => type === 'prompt_expired')).toHaveLength(1)
    const { checks } = await verify({ db: test.db, bus: test.bus, marketId, fromEvents: true })
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    await test.close()
  },
  TEST_MS_MAX,
)

/** The period that a payment names last. */
function periodOf(payment: { ref: string } | undefined): number {
  return Number(payment?.ref.split('/').at(-1) ?? 0)
}
