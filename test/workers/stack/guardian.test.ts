import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { birthOf, isRunning } from '../../../setup/process-identity.mjs'
import { readStackEnd } from '../../../shared/config/stack-state.ts'
import { PATIENCE_MS } from '../../patience.ts'

const GUARDIAN = fileURLToPath(new URL('../../../workers/stack/guardian.ts', import.meta.url))
let home = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bourse-guardian-'))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

function sleeper() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true })
  const pid = child.pid ?? 0
  return { child, pid, birth: birthOf(pid) ?? '' }
}

test('a guardian whose pipe closes while the killed supervisor is not quite gone tells why the stack ended', async () => {
  const supervisor = sleeper()
  const server = sleeper()
  const guardian = spawn(process.execPath, [GUARDIAN, home, String(supervisor.pid), supervisor.birth], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const record = {
    name: 'server',
    pid: server.pid,
    birth: server.birth,
    stopSignal: 'SIGTERM',
    stopWaitMs: 5_000,
    log: '',
  }
  guardian.stdin.end(`${JSON.stringify([record])}\n`)
  await vi.waitUntil(() => !isRunning(server), { timeout: PATIENCE_MS })
  expect(readStackEnd(home)).toBeUndefined()
  supervisor.child.kill('SIGKILL')
  if (guardian.exitCode === null) await once(guardian, 'exit')
  expect(readStackEnd(home)?.message).toContain('The supervisor itself was killed')
})
