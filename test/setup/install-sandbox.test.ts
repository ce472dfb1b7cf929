import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureSandboxTools } from '../../setup/install-sandbox.mjs'
import { findSandboxTools } from '../../setup/sandbox.mjs'

const linux = { platform: 'linux', arch: 'x64' }
let home: string
let env: Record<string, string>
let said: string[]

/** Puts a program into the machine's only folder of programs. */
function place(name: string, script = ''): void {
  writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bourse-machine-'))
  mkdirSync(join(home, 'bin'))
  env = { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache') }
  said = []
  for (const name of ['unshare', 'setpriv', 'mount', 'tar', 'bash']) place(name)
})
afterEach(() => rmSync(home, { recursive: true }))

const ensure = (user: number) => ensureSandboxTools({ env, user, say: text => said.push(text) })

describe.skipIf(process.platform !== 'linux')('what the sandbox needs (Linux only)', () => {
  it('is named when it is missing, with the packages that have it', () => {
    const found = findSandboxTools(env, linux)
    expect(found).toMatchObject({ missing: ['bwrap', 'socat'] })
    expect(found.missing === undefined ? '' : found.remedy).toContain('apt-get install bubblewrap socat')
    expect(findSandboxTools(env, { platform: 'darwin', arch: 'arm64' })).toMatchObject({
      missing: ['Linux on x64 or arm64 (this is darwin on arm64)'],
    })
  })

  it('is installed by root, and that is said', () => {
    place('apt-get', `for name in bwrap socat; do /bin/cp ${home}/bin/tar ${home}/bin/$name; done`)
    ensure(1000)
    expect(said).toEqual([])
    ensure(0)
    expect(said).toEqual(["installing bubblewrap and socat for agents' programs (apt-get, as root)"])
    expect(findSandboxTools(env, linux).missing).toBeUndefined()
    ensure(0)
    expect(said).toHaveLength(1)
  })

  it('is not tried again soon when it cannot be installed', () => {
    place('apt-get', 'exit 100')
    ensure(0)
    expect(said.at(-1)).toContain("everything but agents' own programs works")
    ensure(0)
    expect(said).toHaveLength(2)
  })
})
