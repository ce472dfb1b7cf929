import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { birthOf, isRunning, ownIdentity, parseStat } from '../../setup/process-identity.mjs'

describe('the identity of a process', () => {
  test('holds while it runs and not after', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    const identity = { pid: child.pid ?? 0, birth: birthOf(child.pid ?? 0) ?? '' }
    expect(isRunning(identity)).toBe(true)
    child.stdin.end()
    await once(child, 'exit')
    expect(isRunning(identity)).toBe(false)
  })

  test('tells a process from an earlier one with the same id', () => {
    expect(isRunning(ownIdentity())).toBe(true)
    expect(isRunning({ pid: process.pid, birth: '1@another' })).toBe(false)
  })

  test('is read from a line whose program name holds spaces and brackets', () => {
    const fields = Array.from({ length: 22 }, (_, index) => String(index + 3))
    const line = `42 (a ) name) S ${fields.slice(1).join(' ')}`
    expect(parseStat(line)).toEqual({ state: 'S', session: 6, startTicks: '22' })
  })
})
