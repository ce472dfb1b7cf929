import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cachedBinary, SERVERS, searchServer, versionIn } from '../../setup/servers.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bourse-servers-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const { nats, temporal } = SERVERS

function environment() {
  return { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') }
}

function placeProgram(path: string, says: string) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho "${says}"\n`)
  chmodSync(path, 0o755)
}

describe('where a server is looked for', () => {
  test('an address in the environment comes first', () => {
    placeProgram(join(folder, 'bin', 'nats-server'), 'nats-server: v2.12.7')
    const env = { ...environment(), BOURSE_NATS_URL: 'nats://elsewhere:4222' }
    expect(searchServer(nats, env).found).toEqual({ kind: 'address', address: 'nats://elsewhere:4222' })
  })

  test('then a binary on PATH that is new enough', () => {
    const path = join(folder, 'bin', 'nats-server')
    placeProgram(path, 'nats-server: v2.12.8')
    expect(searchServer(nats, environment()).found).toEqual({
      kind: 'binary',
      path,
      version: '2.12.8',
      from: 'PATH',
    })
  })

  test('then the cache, when the one on PATH is too old, too new or dumb', () => {
    const cached = cachedBinary(nats, environment())
    placeProgram(cached, 'nats-server: v2.12.7')
    for (const says of ['nats-server: v2.9.10', 'nats-server: v2.14.0', 'what?']) {
      placeProgram(join(folder, 'bin', 'nats-server'), says)
      const { found, tried } = searchServer(nats, environment())
      expect(found).toMatchObject({ path: cached, from: 'cache' })
      expect(tried.at(-1)).toContain(join(folder, 'bin', 'nats-server'))
    }
  })

  test('and when it is nowhere, every place is named', () => {
    const { found, tried } = searchServer(nats, environment())
    expect(found).toBeUndefined()
    expect(tried).toEqual([
      'BOURSE_NATS_URL is not set',
      'no nats-server on PATH',
      `nothing in the cache at ${cachedBinary(nats, environment())}`,
    ])
  })

  test('what counts for Temporal is the server inside the command', () => {
    expect(versionIn(temporal, 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)')).toBe('1.29.1')
    placeProgram(join(folder, 'bin', 'temporal'), 'temporal version 1.4.0 (Server 1.28.0, UI 2.0.0)')
    expect(searchServer(temporal, environment()).found).toBeUndefined()
  })
})
