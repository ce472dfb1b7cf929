import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresExecutions } from '../../shared/db/executions/executions.ts'
import { listExecutions, showExecution } from '../../shared/db/executions/list-executions.ts'
import type { Program } from '../../shared/program/program.ts'
import { verify } from '../../shared/verify/verify.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

const LONG = 60
const WAVES = 3
/** Of each wave so many programs end by themselves, and so many only with their worker. */
const BRIEF_ONES = 45
const SLEEPERS = 5
/** What is waited for while workers die, on a machine that does other things as well. */
const UNDER_KILLS_MS = 240_000
/** Asks for its own balance, and for that of another, which its token does not allow. */
const ASKING_PROGRAM = `
import { connect } from 'nats'
const { NATS_URL, NATS_INBOX_PREFIX, BOURSE_TOKEN, BOURSE_MARKET, BOURSE_AGENT } = process.env
const bus = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
const ask = (agent, operation) => bus.request('bourse.' + BOURSE_MARKET + '.agent.' + agent + '.rpc.' + operation, '{}')
console.log('balance', (await ask(BOURSE_AGENT, 'economic.get_balance')).json().balance)
await ask('boris', 'economic.get_balance').catch(() => console.log('another is refused'))
await bus.close()
`
let test: TestEconomy

beforeAll(async () => {
  test = await openTestEconomy()
})
afterAll(() => test.close())

function shell(script: string): Program {
  return {
    command: ['sh', 'main.sh'],
    runtime: 'native',
    files: new Map([['main.sh', Buffer.from(script)]]),
  }
}

async function marketWith(
  programs: Record<string, Program>,
  { on = test, rules = {} }: { on?: TestEconomy; rules?: Record<string, unknown> } = {},
): Promise<string> {
  const marketId = await on.createMarket('executions', { cycleSeconds: 0.2, ...rules })
  for (const [agent, program] of Object.entries(programs)) {
    await on.economy.registerAgent({ marketId, agent, creditsMicro: 100_000_000n, program })
  }
  return marketId
}

async function win(
  marketId: string,
  agents: readonly string[],
  durationSeconds: number,
  { on = test, share = 0.02 }: { on?: TestEconomy; share?: number } = {},
) {
  const verdicts = await on.economy.admitBids(
    marketId,
    agents.map(agent => ({
      agent,
      bid: { amount: '10', bundle: { cpu: share, memory: share, durationSeconds } },
      via: 'cli' as const,
      actor: 'test',
    })),
  )
  expect(verdicts.every(verdict => verdict.ok)).toBe(true)
}

/** How many programs of a market are running on this machine, by the variables they were given. */
function sleepersOf(marketId: string): number {
  return readdirSync('/proc').filter(name => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/environ`, 'utf8').includes(`BOURSE_MARKET=${marketId}\0`)
      )
    } catch {
      return false
    }
  }).length
}

/** The market's executions, once all of so many are over. */
async function allOver(marketId: string, count: number) {
  return await eventually(async () => {
    const executions = await listExecutions(test.db, marketId, 1_000)
    const over = executions.filter(one => one.status === 'terminated' || one.status === 'missed')
    return over.length === count && executions
  })
}

async function shownOutput(marketId: string, leaseId: string): Promise<string> {
  const shown = await showExecution(test.db, marketId, leaseId)
  return shown.ok ? shown.execution.stdout.text : ''
}

async function expectSound(marketId: string): Promise<void> {
  const report = await verify({ db: test.db, bus: test.bus, marketId, fromEvents: true })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
}

describe.skipIf(!readiness.ready)(`an execution${whySkipped}`, () => {
  it('runs once within its lease, and its end is told once', async () => {
    const marketId = await marketWith({ ada: shell('echo "$BOURSE_MARKET $BOURSE_AGENT $NATS_URL"; exit 3') })
    await win(marketId, ['ada'], LONG)
    const [one] = await allOver(marketId, 1)
    expect(one).toMatchObject({ agent: 'ada', reason: 'finished', exitCode: 3, refunded: false })
    expect(await shownOutput(marketId, one!.leaseId)).toBe(`${marketId} ada nats://127.0.0.1:4222\n`)
    const told = (await test.writtenEvents(marketId)).filter(event => event.type.startsWith('execution_'))
    expect(told.map(event => event.type)).toEqual(['execution_started', 'execution_terminated'])
    expect(told[1]!.data).toEqual({ execution_id: one!.leaseId, exit_code: 3, reason: 'finished' })
    await expectSound(marketId)
  })

  it('speaks to its market as its agent, by the token of its lease', async () => {
    const marketId = await marketWith({
      ada: {
        command: ['node', 'main.mjs'],
        runtime: 'node',
        files: new Map([['main.mjs', Buffer.from(ASKING_PROGRAM)]]),
      },
    })
    await win(marketId, ['ada'], LONG)
    const [one] = await allOver(marketId, 1)
    const shown = await showExecution(test.db, marketId, one!.leaseId)
    expect(shown).toMatchObject({ execution: { exitCode: 0, stderr: { text: '' } } })
    expect(await shownOutput(marketId, one!.leaseId)).toBe('balance 90\nanother is refused\n')
  })

  it('ends with its lease', async () => {
    const marketId = await marketWith({ ada: shell('trap "" TERM; sleep 600') })
    // Long enough that a busy machine has started it by then.
    await win(marketId, ['ada'], 8)
    const [one] = await allOver(marketId, 1)
    expect(one).toMatchObject({ reason: 'time', exitCode: 137 })
    expect(Date.parse(one!.endedAt!)).toBeGreaterThanOrEqual(Date.parse(one!.leaseEndsAt))
    await expectSound(marketId)
  })

  it("finds what its agent's last one left, and nobody else's", async () => {
    const count = shell('cat /workspace/n 2>/dev/null; echo again >>/workspace/n')
    const marketId = await marketWith({ ada: count, boris: count })
    await win(marketId, ['ada'], LONG)
    await allOver(marketId, 1)
    await win(marketId, ['ada', 'boris'], LONG)
    const executions = await allOver(marketId, 3)
    const outputs = await Promise.all(executions.map(one => shownOutput(marketId, one.leaseId)))
    expect(outputs.toSorted()).toEqual(['', '', 'again\n'])
  })

  it('is ended by an operator', async () => {
    const marketId = await marketWith({ ada: shell('echo running; sleep 600') })
    await win(marketId, ['ada'], LONG)
    const one = await eventually(async () => {
      const [first] = await listExecutions(test.db, marketId, 1)
      return first?.status === 'running' && first
    })
    await eventually(async () => sleepersOf(marketId) > 0)
    await test.client.workflow.getHandle(`execution/${one.leaseId}`).signal('stop')
    expect(await allOver(marketId, 1)).toMatchObject([{ reason: 'operator', exitCode: 137 }])
    await expectSound(marketId)
  })

  it('is not started for an agent without a program', async () => {
    const marketId = await marketWith({ ada: shell('true') })
    await test.economy.registerAgent({ marketId, agent: 'remote', creditsMicro: 100_000_000n })
    await win(marketId, ['ada', 'remote'], LONG)
    await allOver(marketId, 1)
    expect(await listExecutions(test.db, marketId, 10)).toHaveLength(1)
  })

  it('goes on with others when many end at once', async () => {
    const names = Array.from({ length: 25 }, (_, nth) => `agent-${nth}`)
    const marketId = await marketWith(
      Object.fromEntries(names.map(name => [name, shell('echo "$BOURSE_AGENT"')])),
    )
    await win(marketId, names, LONG)
    const executions = await allOver(marketId, names.length)
    expect(executions.map(one => [one.reason, one.exitCode])).toEqual(names.map(() => ['finished', 0]))
    expect(await Promise.all(executions.map(one => shownOutput(marketId, one.leaseId)))).toEqual(
      executions.map(one => `${one.agent}\n`),
    )
    await expectSound(marketId)
  })
})

describe.skipIf(!readiness.ready)(`a worker that is killed${whySkipped}`, () => {
  const taskQueue = `executions-${Date.now().toString(36)}`
  const workers: ChildProcess[] = []
  let own: TestEconomy

  beforeAll(async () => {
    own = await openTestEconomy({ ...process.env, BOURSE_TASK_QUEUE: taskQueue })
  })
  afterAll(async () => {
    for (const worker of workers) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue
      const exited = once(worker, 'exit')
      worker.kill('SIGTERM')
      await exited
    }
    await own.close()
  })

  async function startWorker(): Promise<void> {
    const script = fileURLToPath(new URL('../../workers/market-worker.ts', import.meta.url))
    const env = { ...process.env, BOURSE_TASK_QUEUE: taskQueue, BOURSE_LOG_LEVEL: 'error' }
    const worker = fork(script, { env, execArgv: [] })
    workers.push(worker)
    await once(worker, 'message')
  }

  async function killWorkers(): Promise<void> {
    for (const worker of workers) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue
      const died = once(worker, 'exit')
      worker.kill('SIGKILL')
      await died
    }
  }

  it('leaves no sandbox, and each of its executions ends once', async () => {
    await startWorker()
    const names = Array.from({ length: 20 }, (_, nth) => `agent-${nth}`)
    const programs = Object.fromEntries(names.map(name => [name, shell('sleep 600')]))
    const marketId = await marketWith(programs, { on: own })
    await win(marketId, names, 600, { on: own })
    await eventually(async () => {
      const executions = await listExecutions(own.db, marketId, 100)
      return executions.filter(one => one.status === 'running').length >= 10
    })
    await killWorkers()
    await eventually(async () => sleepersOf(marketId) === 0)

    await startWorker()
    // Those that had begun end as interrupted; the rest begin at the successor, and are stopped here.
    await eventually(async () => {
      const executions = await listExecutions(own.db, marketId, 100)
      return (
        executions.length === names.length &&
        executions.every(one => !['due', 'requested'].includes(one.status))
      )
    })
    const stopping = createPostgresExecutions(own.db, async () => {})
    for (const one of await listExecutions(own.db, marketId, 100)) {
      if (one.status !== 'running') continue
      await stopping.requestStop(marketId, one.leaseId, 'test')
      // Its workflow may have ended meanwhile.
      await own.client.workflow
        .getHandle(`execution/${one.leaseId}`)
        .signal('stop')
        .catch(() => {})
    }
    const executions = await eventually(async () => {
      const listed = await listExecutions(own.db, marketId, 100)
      return listed.every(one => one.status === 'terminated') && listed
    })
    expect(executions.filter(one => one.reason === 'operator' || one.reason === 'interrupted')).toHaveLength(
      names.length,
    )
    const told = (await own.writtenEvents(marketId)).filter(event => event.type.startsWith('execution_'))
    expect(told.filter(event => event.type === 'execution_started')).toHaveLength(names.length)
    expect(told.filter(event => event.type === 'execution_terminated')).toHaveLength(names.length)
    await expectSound(marketId)
  })

  it(
    'while many programs run and workers die again and again: each runs at most once, and ends once',
    async () => {
      const brief = shell('echo again >>/workspace/n; cat /workspace/n; sleep 0.2')
      const waves = Array.from({ length: WAVES }, (_, wave) => ({
        brief: Array.from({ length: BRIEF_ONES }, (_, nth) => `brief-${wave}-${nth}`),
        sleepers: Array.from({ length: SLEEPERS }, (_, nth) => `sleeper-${wave}-${nth}`),
      }))
      const sleepers = waves.flatMap(wave => wave.sleepers)
      const names = [...waves.flatMap(wave => wave.brief), ...sleepers]
      const programs = names.map(name => [name, sleepers.includes(name) ? shell('sleep 600') : brief])
      const marketId = await marketWith(Object.fromEntries(programs), { on: own })
      const executions = () => listExecutions(own.db, marketId, names.length)
      for (const wave of waves) {
        await startWorker()
        await win(marketId, [...wave.brief, ...wave.sleepers], 600, { on: own, share: 0.004 })
        await eventually(async () => {
          const listed = await executions()
          const finished = listed.filter(one => one.reason === 'finished' && wave.brief.includes(one.agent))
          const asleep = listed.filter(one => one.status === 'running' && wave.sleepers.includes(one.agent))
          return finished.length >= BRIEF_ONES / 5 && asleep.length === SLEEPERS
        }, UNDER_KILLS_MS)
        await killWorkers()
      }
      await startWorker()
      const ended = await eventually(async () => {
        const listed = await executions()
        return listed.length === names.length && listed.every(one => one.status === 'terminated') && listed
      }, UNDER_KILLS_MS)

      const interrupted = ended.filter(one => one.reason === 'interrupted')
      expect(interrupted.map(one => one.agent)).toEqual(expect.arrayContaining(sleepers))
      const finished = ended.filter(one => one.reason === 'finished')
      expect(finished.length + interrupted.length).toBe(names.length)
      const outputs = await Promise.all(finished.map(one => shownOutput(marketId, one.leaseId)))
      expect(new Set(outputs)).toEqual(new Set(['again\n']))
      await eventually(async () => sleepersOf(marketId) === 0)
      const told = (await own.writtenEvents(marketId)).filter(event => event.type.startsWith('execution_'))
      expect(told.filter(event => event.type === 'execution_started')).toHaveLength(names.length)
      expect(told.filter(event => event.type === 'execution_terminated')).toHaveLength(names.length)
      await expectSound(marketId)
    },
    UNDER_KILLS_MS,
  )
})
