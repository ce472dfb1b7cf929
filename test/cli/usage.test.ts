import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runBourse, spawnBourse } from './run-bourse.ts'

const home = mkdtempSync(join(tmpdir(), 'bourse-no-stack-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** No stack, and no address from the test's own environment. */
const nowhere = {
  BOURSE_HOME: home,
  BOURSE_POSTGRES_URL: undefined,
  BOURSE_NATS_URL: undefined,
  BOURSE_TEMPORAL_ADDRESS: undefined,
}

describe('wrong usage', () => {
  it.each([
    [['frob'], 'frob'],
    [['market', 'frob'], 'frob'],
    [['market', 'create'], 'market'],
    [['agent', 'add', 'm', 'a'], '--credits'],
    [['bid', 'm', 'a', '--amount', '1', '--duration', '5', '--via', 'pigeon'], 'update, signal'],
    [['bid', 'm', 'a', '--expires-in', '0'], 'from 1 to'],
    [['bid', 'm', 'a', '--expires-in', '5', '--expires-at', '2030-01-01T00:00:00Z'], '--expires-at'],
    [['bids', 'm', '--limit', '0'], 'from 1 to 1000'],
    [['history', 'm', 'a', '--only', 'gossip'], 'bids, transactions'],
    [['events', 'm', '--type', 'gossip'], 'bid_placed'],
    [['events', 'm', '--from', '-1'], 'from 1 to'],
    [['market', 'list', '--frob'], '--frob'],
  ])('%j exits 2 and says what is allowed', async (args, told) => {
    const text = await runBourse(args)
    expect(text.code).toBe(2)
    expect(text.stderr).toContain(told)
    expect(text.stdout).toBe('')
    const { code, stdout } = await runBourse([...args, '--json'])
    expect(code).toBe(2)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ ok: false, error: { code: 'wrong_usage' } })
    expect(document.error.message).toContain(told)
  })

  it.each([
    [['bid', 'm', 'a', '--duration', '5'], 'amount'],
    [['bid', 'm', 'a', '--amount', '5'], 'duration'],
    [['bid', 'm', '--amount', '5'], 'agent'],
    [['bid', 'm', 'a', '--file', 'x'], 'file'],
    [['bids', 'm', '--before', 'x'], 'before'],
    [['history', 'm', 'a', '--before', 'x'], 'before'],
    [['market', 'create', 'm', '--file', '/no/such/file'], 'file'],
  ])('%j names the option', async (args, field) => {
    const { code, stdout } = await runBourse([...args, '--json'])
    expect({ code, field: JSON.parse(stdout).error.field }).toEqual({ code: 2, field })
  })

  it('shows what there is when nothing is asked, and help exits 0', async () => {
    expect(await runBourse([])).toMatchObject({ code: 2 })
    expect(await runBourse(['market'])).toMatchObject({ code: 2 })
    const help = await spawnBourse(['bid', '--help'], { env: nowhere })
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('--good-till-cancelled')
    expect((await spawnBourse(['--version'], { env: nowhere })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('servers out of reach', () => {
  it('says in a sentence that no stack is up', async () => {
    for (const args of [['status'], ['market', 'list'], ['verify']]) {
      const { code, stdout } = await spawnBourse([...args, '--json'], { env: nowhere })
      const document = JSON.parse(stdout)
      expect(code).toBe(2)
      expect(document.error.code).toBe('no_stack')
      expect(document.error.message).toContain(home)
    }
  })

  it('names what cannot be reached, without its password', async () => {
    const env = {
      ...nowhere,
      BOURSE_POSTGRES_URL: 'postgres://bourse:secret@127.0.0.1:1/bourse',
      BOURSE_NATS_URL: 'nats://bourse:secret@127.0.0.1:1',
      BOURSE_TEMPORAL_ADDRESS: '127.0.0.1:1',
    }
    const list = await spawnBourse(['market', 'list'], { env })
    expect(list.code).toBe(2)
    expect(list.stderr).toMatch(/^postgres_unreachable: .*ECONNREFUSED/)
    const status = await spawnBourse(['status'], { env })
    expect(status.code).toBe(2)
    for (const { stdout, stderr } of [list, status]) {
      expect(stdout + stderr).not.toContain('secret')
      expect(stdout + stderr).not.toMatch(/^\s+at .*\.ts:\d+/m)
    }
  })

  it('tells every problem of the environment', async () => {
    const env = { ...nowhere, BOURSE_POSTGRES_URL: 'x', BOURSE_NATS_URL: 'y' }
    const { code, stderr } = await spawnBourse(['market', 'list'], { env })
    expect(code).toBe(2)
    for (const name of ['BOURSE_POSTGRES_URL', 'BOURSE_NATS_URL', 'BOURSE_TEMPORAL_ADDRESS']) {
      expect(stderr).toContain(name)
    }
  })
})
