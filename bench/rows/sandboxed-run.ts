import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSandboxTools } from '../../setup/sandbox.mjs'
import { createSandbox } from '../../shared/sandbox/create-sandbox.ts'
import { sandboxRoot } from '../../shared/sandbox/run-records.ts'
import type { Row } from '../row.ts'
import { median, millisecondsOf } from '../timing.ts'

const ROUNDS = 40
const MEBIBYTE = 1024 ** 2
const LIMITS = {
  memoryBytes: 256 * MEBIBYTE,
  // Limits are not what is measured here, and the baseline has none.
  cpuCores: 64,
  processes: 64,
  openFilesPerProcess: 256,
  workspaceBytes: 32 * MEBIBYTE,
  workspaceFiles: 4_096,
}
/** Nobody listens there, and no empty program calls. */
const TARGET = { host: '127.0.0.1', port: 9 }
const SERVERS = [
  { name: 'nats', insidePort: 4222, target: TARGET },
  { name: 'llm', insidePort: 8080, target: TARGET },
]

/** What the sandbox adds (limits, filter, forwarders, a bounded workspace) to an empty program under bubblewrap alone. */
export const sandboxedRun: Row = {
  name: 'a sandboxed run of an empty Node program',
  baseline: 'a bare bwrap of the same program',
  target: { atMost: 2 },
  unit: 'ms',
  async measure() {
    const tools = findSandboxTools()
    if (tools.missing !== undefined) throw new Error(`no sandbox here: ${tools.remedy}`)
    const folder = mkdtempSync(join(tmpdir(), 'bourse-empty-'))
    writeFileSync(join(folder, 'main.mjs'), '')
    const sandbox = createSandbox({
      root: sandboxRoot(),
      libraries: { node: new Map(), python: null },
      hidden: [],
    })
    const bare = (command: readonly string[]) =>
      millisecondsOf(async () => {
        const mounts = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev']
        const child = spawn(tools.paths.bwrap, ['--unshare-all', ...mounts, ...command], { stdio: 'ignore' })
        const [code] = await once(child, 'exit')
        if (code !== 0) throw new Error(`bwrap ended with ${code}`)
      })
    const sandboxed = (command: readonly string[], runtime: 'node' | 'native') =>
      millisecondsOf(async () => {
        const exit = await sandbox.run(
          {
            id: crypto.randomUUID(),
            command,
            runtime,
            files: new Map([['main.mjs', new Uint8Array()]]),
            workspace: null,
            environment: {},
            servers: SERVERS,
            limits: LIMITS,
            endsInMs: 60_000,
          },
          new AbortController().signal,
        )
        if (exit.exitCode !== 0) throw new Error(`the sandboxed program ended with ${exit.exitCode}`)
      })
    const times = {
      bare: [] as number[],
      sandboxed: [] as number[],
      bareTrue: [] as number[],
      true: [] as number[],
    }
    await sandboxed(['node', 'main.mjs'], 'node')
    for (let round = 0; round < ROUNDS; round++) {
      times.bare.push(await bare([process.execPath, join(folder, 'main.mjs')]))
      times.sandboxed.push(await sandboxed(['node', 'main.mjs'], 'node'))
      times.bareTrue.push(await bare(['true']))
      times.true.push(await sandboxed(['true'], 'native'))
    }
    rmSync(folder, { recursive: true })
    const [bareTrue, sandboxedTrue] = [median(times.bareTrue), median(times.true)]
    return {
      baseline: median(times.bare),
      measured: median(times.sandboxed),
      detail: `of true: ${sandboxedTrue.toFixed(1)} ms against ${bareTrue.toFixed(1)} ms`,
    }
  },
}
