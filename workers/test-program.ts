import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import { v7 as uuidV7 } from 'uuid'
import type { StoredWorkspace } from '../shared/db/executions/code-workspaces.ts'
import { type Outcome, refuse } from '../shared/economy/refusal.ts'
import type { Sandbox } from '../shared/sandbox/sandbox.ts'
import type { TestResults } from '../shared/scenario/measurement.ts'
import { MARK_FILE, makeMark, printedBefore, provenCommand, RUNNER, RUNNER_FILE } from './proof-of-end.ts'

const MEBIBYTE = 1024 ** 2
const LIMITS = {
  memoryBytes: 256 * MEBIBYTE,
  cpuCores: 1,
  processes: 32,
  openFilesPerProcess: 128,
  workspaceBytes: 16 * MEBIBYTE,
  workspaceFiles: 500,
}
/** One run of a test or a measurement. */
const RUN_MS_MAX = 10_000
/** All of them together. */
const TOTAL_MS_MAX = 100_000
/** So many programs are tested at once in one process; others wait. */
const AT_ONCE_MAX = 2
/** A run that tells of more is not read: all runs are told in one event. */
const METRICS_MAX = 50
const IN_WORKSPACE = ['sh', '-c', 'cd /workspace && exec "$@"', '--']

type Files = Readonly<Record<string, string>>

/** Runs the tests of a program and measures it, as it was seeded and as it is now. */
export type TestProgram = (workspace: StoredWorkspace) => Promise<Outcome<{ results: TestResults }>>

/**
 * Tests programs in the sandbox, each command in a run of its own, so that no run can speak for another. A script that
 * `node` runs has to come to its own end, whatever its exit code. A program that fails, hangs or prints nonsense has failed; a sandbox that is not there is a refusal.
 */
export function createProgramTester(sandbox: Sandbox): TestProgram {
  let running = 0
  const waiting: (() => void)[] = []
  return async workspace => {
    if (running >= AT_ONCE_MAX) await new Promise<void>(resolve => waiting.push(resolve))
    running += 1
    try {
      return await testAll(sandbox, workspace)
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}

async function testAll(
  sandbox: Sandbox,
  { seeded, files, modules, tests, measure }: StoredWorkspace,
): Promise<Outcome<{ results: TestResults }>> {
  const readiness = await sandbox.probe()
  if (!readiness.ready) {
    return refuse('sandbox_unavailable', `the sandbox is ${readiness.why}: ${readiness.detail}`)
  }
  const overMs = performance.now() + TOTAL_MS_MAX
  const run = (program: Files, command: readonly string[], environment = {}) =>
    runToItsEnd(sandbox, {
      files: program,
      modules: Object.values(modules),
      command,
      environment,
      endsInMs: Math.min(RUN_MS_MAX, overMs - performance.now()),
    })
  const told: TestResults['tests'] = []
  for (const { name, command } of tests) {
    told.push({ name, passed: (await run(files, command)) !== null })
  }
  const outcome = told.every(test => test.passed) ? 'all_passed' : 'some_failed'
  if (measure === null) return { ok: true, results: { outcome, tests: told } }
  const baseline: Record<string, number>[] = []
  const modified: Record<string, number>[] = []
  // In turn, so that a machine that grows slower is no change of the program.
  for (let trial = 0; trial < measure.trials; trial++) {
    for (const [program, samples] of [
      [seeded, baseline],
      [files, modified],
    ] as const) {
      const sample = sampleOf(await run(program, measure.command, { TRIAL: String(trial + 1) }))
      if (sample !== null) samples.push(sample)
    }
  }
  return { ok: true, results: { outcome, tests: told, baseline, modified } }
}

/** Runs a command that has to come to its end with exit code 0, and answers what it printed; null: it did not. */
async function runToItsEnd(
  sandbox: Sandbox,
  given: {
    files: Files
    /** Files that agents change. */
    modules: readonly string[]
    command: readonly string[]
    environment: Readonly<Record<string, string>>
    endsInMs: number
  },
): Promise<string | null> {
  if (given.endsInMs <= 0) return null
  const { files, modules, command, environment, endsInMs } = given
  const proven = provenCommand(command)
  const mark = makeMark()
  const told = proven === null ? {} : { [MARK_FILE]: JSON.stringify({ mark, modules }) }
  const exit = await sandbox.run(
    {
      id: uuidV7(),
      command: [...IN_WORKSPACE, ...(proven ?? command)],
      runtime: 'node',
      files: new Map([[RUNNER_FILE, Buffer.from(RUNNER)]]),
      workspace: await packed({ ...files, ...told }),
      environment,
      servers: [],
      limits: LIMITS,
      endsInMs,
    },
    new AbortController().signal,
  )
  if (exit.reason !== 'finished' || exit.exitCode !== 0) return null
  const printed = Buffer.from(exit.stdout.bytes).toString('utf8')
  return proven === null ? printed : printedBefore(mark, printed)
}

/** The numbers in the one JSON object that a measuring command printed last; null: it printed none. */
function sampleOf(printed: string | null): Record<string, number> | null {
  const line = (printed ?? '').trimEnd().split('\n').at(-1) ?? ''
  try {
    const told: unknown = JSON.parse(line)
    if (typeof told !== 'object' || told === null || Array.isArray(told)) return null
    const numbers = Object.entries(told).filter(([, value]) => Number.isFinite(value))
    return numbers.length === 0 || numbers.length > METRICS_MAX ? null : Object.fromEntries(numbers)
  } catch {
    return null
  }
}

async function packed(files: Files): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'bourse-program-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = join(folder, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    const pieces: Buffer[] = []
    for await (const piece of create({ cwd: folder, portable: true }, ['.'])) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
