import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findDivergence } from '../../../shared/bus/find-stream-end.ts'
import { stackEnvironment } from '../../../shared/config/stack-state.ts'
import { createPostgresOutbox } from '../../../shared/db/events/outbox.ts'
import { restoreHistory } from '../../../shared/db/events/restore-history.ts'
import { migrate } from '../../../shared/db/migrate.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { backUpStack, restoreStack } from '../../../workers/stack/backup.ts'
import { firstSegment } from '../../../workers/stack/copy-postgres.ts'
import { type Stack, startStack } from '../../../workers/stack/start-stack.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'

const WORKER = fileURLToPath(new URL('../../../workers/market-worker.ts', import.meta.url))
const bundle = { cpu: 0.01, durationSeconds: 1 }
const started: Stack[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bourse-backup-'))
})
afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(home: string): Promise<{ stack: Stack; test: TestEconomy }> {
  const worker = { name: 'market-worker', script: WORKER, env: { BOURSE_LOG_LEVEL: 'warn' } }
  // The run's own servers stand in the environment; these are others.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  const stack = await startStack({ home, migrate, workers: [worker], env })
  started.push(stack)
  return { stack, test: await openTestEconomy({ ...process.env, ...stackEnvironment(stack.state) }) }
}

async function bidAndWait({ economy }: TestEconomy, marketId: string, bids: number): Promise<void> {
  for (let n = 0; n < bids; n++) {
    const bid = { agent: 'ann', bid: { amount: '1', bundle }, via: 'cli' as const, actor: 'test' }
    await economy.admitBids(marketId, [bid])
  }
  await eventually(async () => {
    const market = await economy.describeMarket(marketId)
    return (
      market.ok && market.pendingBids + market.activeLeases === 0 && market.lastSeq === market.publishedSeq
    )
  })
}

async function problemsOf({ db, bus }: TestEconomy, marketId: string): Promise<unknown[]> {
  const { checks } = await verify({ db, bus, marketId, fromEvents: true })
  return checks.filter(({ ok }) => !ok)
}

it('is restored beneath a stream that is ahead of it, repaired, and passes its audit', async () => {
  const home = join(folder, 'home')
  const backup = join(folder, 'backup')
  const before = await start(home)
  const marketId = await before.test.createMarket('kept', {}, { ann: 1_000n })
  await bidAndWait(before.test, marketId, 5)
  // Bids that go on during the copy are in it or not, each whole.
  const [taken] = await Promise.all([backUpStack(home, backup), bidAndWait(before.test, marketId, 5)])
  expect(taken.postgres).toBe('18')
  await expect(backUpStack(home, backup)).rejects.toThrow('is there already')
  await expect(restoreStack(home, backup)).rejects.toThrow('A stack is up')
  await bidAndWait(before.test, marketId, 5)
  await before.test.close()
  await before.stack.stop()

  const { movedAside } = await restoreStack(home, backup)
  expect(movedAside.every(path => existsSync(path))).toBe(true)
  const { test } = await start(home)
  const outbox = createPostgresOutbox(test.db)
  const divergence = await eventually(() => findDivergence(test.bus, outbox, marketId))
  expect(await restoreHistory(test.db, marketId, divergence!, 'test')).toMatchObject({ ok: true })
  await bidAndWait(test, marketId, 5)
  expect(await problemsOf(test, marketId)).toEqual([])
  await test.close()
}, 240_000)

it('is restored into an empty home: the stream is made from it, and its markets go on', async () => {
  const backup = join(folder, 'backup')
  const before = await start(join(folder, 'home'))
  const marketId = await before.test.createMarket('moved', {}, { ann: 1_000n })
  await bidAndWait(before.test, marketId, 5)
  await backUpStack(join(folder, 'home'), backup)
  await before.test.close()
  await before.stack.stop()

  await restoreStack(join(folder, 'elsewhere'), backup)
  const { test } = await start(join(folder, 'elsewhere'))
  await bidAndWait(test, marketId, 5)
  expect(await problemsOf(test, marketId)).toEqual([])
  await test.close()
}, 240_000)

it('refuses what is no backup, and a home without a stack', async () => {
  await expect(restoreStack(join(folder, 'home'), folder)).rejects.toThrow('no complete backup')
  await expect(backUpStack(join(folder, 'home'), join(folder, 'backup'))).rejects.toThrow('No stack is up')
  expect(() => firstSegment('nonsense')).toThrow('unknown backup label')
})
