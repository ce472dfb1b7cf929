import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createSandbox } from '../../../shared/sandbox/create-sandbox.ts'
import { sandboxRoot } from '../../../shared/sandbox/run-records.ts'
import type { SandboxLimits, SandboxRequest } from '../../../shared/sandbox/sandbox.ts'

const MEBIBYTE = 1024 ** 2

export const LIMITS: SandboxLimits = {
  memoryBytes: 128 * MEBIBYTE,
  cpuCores: 1,
  processes: 40,
  openFilesPerProcess: 64,
  workspaceBytes: 16 * MEBIBYTE,
  workspaceFiles: 1_000,
}

/** The sandbox of this machine without libraries; what it answers about itself says whether these tests can run. */
export const sandbox = createSandbox({
  root: sandboxRoot(),
  libraries: { node: new Map(), python: null },
  hidden: [],
})
export const readiness = await sandbox.probe()
if (!readiness.ready && process.env.BOURSE_REQUIRE_SANDBOX === '1') {
  throw new Error(`the sandbox is ${readiness.why}: ${readiness.detail} ${readiness.remedy}`)
}

/** Why sandboxes are not tested here, to stand in a test's name; empty where they are. */
export const whySkipped = readiness.ready ? '' : ` (skipped: the sandbox is ${readiness.why} here)`

const hostileFolder = new URL('../../../agents/hostile/', import.meta.url)

/** The hostile programs, which import each other. */
export const HOSTILE_FILES = new Map(
  readdirSync(hostileFolder).map(name => [name, readFileSync(new URL(name, hostileFolder))]),
)

/** Runs a command with everything else as usual, and tells its output as text. */
export async function runProgram(
  command: readonly string[],
  changes: Partial<SandboxRequest> & { signal?: AbortSignal; on?: typeof sandbox } = {},
) {
  const { signal = new AbortController().signal, on = sandbox, ...request } = changes
  const exit = await on.run(
    {
      id: randomUUID(),
      command,
      runtime: 'native',
      files: new Map(),
      workspace: null,
      environment: {},
      servers: [],
      limits: LIMITS,
      endsInMs: 60_000,
      ...request,
    },
    signal,
  )
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
  return { ...exit, out: text(exit.stdout.bytes), err: text(exit.stderr.bytes) }
}

/** Runs one of the hostile programs. */
export function runHostile(
  name: string,
  args: readonly string[] = [],
  changes: Parameters<typeof runProgram>[1] = {},
) {
  return runProgram(['python3', `${name}.py`, ...args], {
    runtime: 'python',
    files: HOSTILE_FILES,
    ...changes,
  })
}

/** What a hostile program told of its attempts. */
export function attemptsIn(out: string): { contained: string[]; escaped: string[] } {
  const lines = out.split('\n')
  return {
    contained: lines.filter(line => line.startsWith('contained: ')),
    escaped: lines.filter(line => line.startsWith('ESCAPED')),
  }
}
