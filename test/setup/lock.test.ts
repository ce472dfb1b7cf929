import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lockHolder, tryLock, waitForLock } from '../../setup/lock.mjs'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bourse-lock-'))
  path = join(folder, 'a.lock')
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('a lock', () => {
  test('is taken once, and again after it was given back', () => {
    const first = tryLock(path)
    expect(first.taken).toBe(true)
    expect(tryLock(path)).toMatchObject({ taken: false, holder: { pid: process.pid } })
    expect(lockHolder(path)?.pid).toBe(process.pid)
    if (first.taken) first.release()
    expect(lockHolder(path)).toBeUndefined()
    expect(tryLock(path).taken).toBe(true)
  })

  test('is taken over from a holder that is gone, also when its id was given to another process', () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, birth: 'an earlier life' }))
    expect(lockHolder(path)).toBeUndefined()
    expect(tryLock(path).taken).toBe(true)
    expect(readdirSync(folder)).toEqual(['a.lock'])
  })

  test('is taken over when its file is damaged', () => {
    writeFileSync(path, 'half a li')
    expect(tryLock(path).taken).toBe(true)
  })

  test('is waited for, and the wait has an end', async () => {
    const held = tryLock(path)
    const waited: number[] = []
    await expect(waitForLock(path, { waitMs: 0, onWait: holder => waited.push(holder.pid) })).rejects.toThrow(
      `process ${process.pid} has held`,
    )
    expect(waited).toEqual([process.pid])
    if (held.taken) held.release()
    const release = await waitForLock(path, { waitMs: 0 })
    release()
  })
})
