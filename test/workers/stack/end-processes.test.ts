import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { birthOf, isRunning } from '../../../setup/process-identity.mjs'
import { endProcesses } from '../../../workers/stack/end-processes.ts'
import type { ProcessRecord } from '../../../workers/stack/process-record.ts'

const STUBBORN = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"
const OBEDIENT = "console.log('up'); setInterval(() => {}, 1000)"

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function started(name: string, script: string, stopWaitMs: number): Promise<ProcessRecord> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  await once(child.stdout, 'data')
  const pid = child.pid ?? 0
  return { name, pid, birth: birthOf(pid) ?? '', stopSignal: 'SIGTERM', stopWaitMs, log: '' }
}

describe('ending processes', () => {
  test('asks first, and kills what does not go within its bound', async () => {
    const obedient = await started('obedient', OBEDIENT, 5_000)
    const stubborn = await started('stubborn', STUBBORN, 50)
    expect(await endProcesses([obedient, stubborn])).toEqual(['stubborn'])
    expect([obedient, stubborn].filter(isRunning)).toEqual([])
  })

  test('leaves a process alone that was given the id of one that is gone', async () => {
    const stranger = await started('stranger', OBEDIENT, 5_000)
    expect(await endProcesses([{ ...stranger, birth: 'an earlier life' }])).toEqual([])
    expect(isRunning(stranger)).toBe(true)
  })
})
