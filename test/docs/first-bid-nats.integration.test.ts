import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnBourse } from '../cli/run-bourse.ts'
import { openTestEconomy, type TestEconomy } from '../workflows/economy-client.ts'
import { root } from './markdown.ts'

const run = promisify(execFile)
const NATS_PY = 'nats-py==2.11.0'
const python = pythonWithNats()
let economy: TestEconomy
let marketId: string

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('firstnats')
})

afterAll(async () => {
  await economy.close()
  if (python !== null) rmSync(python.folder, { recursive: true, force: true })
})

/** A Python that has nats-py and nothing else; null where there is no Python, or no package registry to have it from. */
function pythonWithNats(): { folder: string; command: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'bourse-python-'))
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' })
    const pip = join(folder, 'bin', 'pip')
    execFileSync(pip, ['install', '--quiet', '--timeout', '10', '--retries', '1', NATS_PY], {
      stdio: 'ignore',
      timeout: 120_000,
    })
    return { folder, command: join(folder, 'bin', 'python') }
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return null
  }
}

/** What `agent add` prints for a program to speak as the agent. */
async function addAgent(agent: string): Promise<Record<string, string>> {
  const { stdout } = await spawnBourse(['agent', 'add', marketId, agent, '--credits', '100', '--json'])
  return JSON.parse(stdout).environment
}

const typescript = (environment: Record<string, string>) =>
  run(process.execPath, [join(root, 'agents', 'first-bid-nats.ts')], {
    env: { ...process.env, ...environment },
  })
const pythonic = (environment: Record<string, string>) =>
  run(python!.command, [join(root, 'agents', 'python', 'first_bid.py')], {
    env: { ...process.env, ...environment },
  })

describe.each([
  ['TypeScript, with our client', typescript, true],
  ['Python, with nats-py alone (needs Python and a package registry)', pythonic, python !== null],
])('a first bid in %s', (_name, start, isPossible) => {
  test.runIf(isPossible)('is placed and wins with what `agent add` prints', async () => {
    const { stdout } = await start(await addAgent(start === typescript ? 'tess' : 'petra'))
    expect(stdout).toMatch(/is pending; 25 credits are held/)
    expect(stdout).toMatch(/won: lease [0-9a-f-]{36}/)
  })

  test.runIf(isPossible)('with a wrong token is told so in words', async () => {
    const environment = await addAgent(start === typescript ? 'tim' : 'paul')
    const wrong = start({ ...environment, BOURSE_TOKEN: `bourse_agent_${'0'.repeat(64)}` })
    await expect(wrong).rejects.toMatchObject({
      stderr: expect.stringMatching(/NATS does not let this token in.*bourse agent token/s),
    })
  })
})
