import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import {
  readAgentStates,
  readAllowanceStates,
  readBidStates,
  readCycleStates,
  readExecutionStates,
  readHoldStates,
  readLeaseStates,
  readMarketState,
  readPriceStates,
  readPromptStates,
  readServiceStates,
} from '../../shared/db/events/read-state.ts'
import { writeCheckpoint } from '../../shared/db/events/write-checkpoint.ts'
import { atOneSnapshot } from '../../shared/db/transaction.ts'
import { lineOf } from '../../shared/events/finished.ts'
import { runBourse } from '../cli/run-bourse.ts'
import { PATIENCE_MS } from '../patience.ts'
import { connectServers, openEventfulMarket, publish, type Servers } from '../shared/verify/audited-market.ts'
import { root } from './markdown.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const READERS = {
  agent: readAgentStates,
  bid: readBidStates,
  hold: readHoldStates,
  lease: readLeaseStates,
  cycle: readCycleStates,
  price: readPriceStates,
  service: readServiceStates,
  allowance: readAllowanceStates,
  execution: readExecutionStates,
  prompt: readPromptStates,
}
let servers: Servers
let marketId: string

beforeAll(async () => {
  servers = await connectServers()
  marketId = await openEventfulMarket(servers.db)
})
afterAll(() => servers.close())

async function printedEvents(): Promise<string[]> {
  const { code, stdout } = await runBourse(['events', marketId, '--json'])
  expect(code).toBe(0)
  return stdout.trimEnd().split('\n')
}

/** What docs/replay.py makes of these events. */
function replay(events: readonly string[]): { status: number | null; stderr: string; lines: string[] } {
  const program = join(root, 'docs', 'replay.py')
  const input = events.map(line => `${line}\n`).join('')
  const { status, stdout, stderr } = spawnSync('python3', [program], {
    input,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  return { status, stderr, lines: stdout.split('\n').filter(line => line !== '') }
}

/** What Postgres has, in the same form. */
function linesOfPostgres(): Promise<string[]> {
  return atOneSnapshot(servers.db, async client => {
    const lines = [lineOf('market', 'market', await readMarketState(client, marketId))]
    for (const [kind, readStates] of Object.entries(READERS)) {
      for await (const [id, state] of readStates(client, marketId)) lines.push(lineOf(kind, id, state))
    }
    return lines
  })
}

describe.runIf(hasPython)('the program of docs/replay.md (needs Python)', () => {
  test('rebuilds from the printed events what Postgres has, from the first or from a checkpoint', async () => {
    await publish(servers, marketId)
    const whole = replay(await printedEvents())
    expect(whole.stderr).toBe('')
    expect(whole.lines.toSorted()).toEqual((await linesOfPostgres()).toSorted())

    const written = await writeCheckpoint(servers.db, createPostgresOutbox(servers.db), marketId)
    if (!written.ok) throw new Error('no checkpoint was written')
    await publish(servers, marketId)
    const events = await printedEvents()
    const fromCheckpoint = replay(events.slice(written.checkpointSeq - 1))
    expect(fromCheckpoint.stderr).toBe('')
    const [finished, open] = [true, false].map(isFinished =>
      fromCheckpoint.lines.filter(line => (JSON.parse(line).kind === 'finished') === isFinished),
    )
    expect(whole.lines).toEqual(expect.arrayContaining(open!))
    const folded = finished!.reduce((count, line) => count + JSON.parse(line).state.count, 0)
    expect(open!.length + folded).toBe(whole.lines.length)
  })

  test('says which event does not fit when one is left out', async () => {
    const events = await printedEvents()
    const { status, stderr } = replay(events.filter((_, place) => place !== 10))
    expect(status).toBe(1)
    expect(stderr).toMatch(/^event 12 /)
  })
})
