import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { findSandboxTools, sandboxRemedy } from '../../setup/sandbox.mjs'
import { type BubblewrapMachine, runInBubblewrap } from './bubblewrap.ts'
import { findRunGroups, type RunGroups } from './cgroups.ts'
import { createGate } from './gate.ts'
import { findStrays, killRecorded, prepareRoot, readRecord, removeRun } from './run-records.ts'
import type { RuntimeLibraries } from './runtime-files.ts'
import type { Sandbox, SandboxReadiness, SandboxRequest } from './sandbox.ts'
import { isFilteredArchitecture, seccompFilter } from './seccomp-filter.ts'

/** A run that goes on so long after its time is killed by whoever finds it. */
const OVERDUE_MS = 5_000
const LAUNCHES_PER_CORE = 2
const MEBIBYTE = 1024 ** 2

const TRIAL: Omit<SandboxRequest, 'id'> = {
  command: ['/bin/sh', '-c', 'exit 0'],
  runtime: 'native',
  files: new Map(),
  workspace: null,
  environment: {},
  servers: [],
  limits: {
    memoryBytes: 64 * MEBIBYTE,
    cpuCores: 1,
    processes: 32,
    openFilesPerProcess: 64,
    workspaceBytes: MEBIBYTE,
    workspaceFiles: 64,
  },
  endsInMs: 10_000,
}

/**
 * The sandbox of this machine, made of bubblewrap and what the system has. `groups` stands in for the limits that were
 * found on this machine.
 */
export function createSandbox({
  root,
  libraries,
  hidden,
  env = process.env,
  groups = findRunGroups(),
}: {
  root: string
  libraries: RuntimeLibraries
  hidden: readonly string[]
  env?: Record<string, string | undefined>
  groups?: RunGroups
}): Sandbox {
  const found = findSandboxTools(env)
  const launches = createGate(LAUNCHES_PER_CORE * availableParallelism())

  function machine(): BubblewrapMachine {
    if (found.missing !== undefined || !isFilteredArchitecture(process.arch)) {
      throw new Error(`a sandbox is not to be had here: ${found.missing?.join(', ')}`)
    }
    prepareRoot(root)
    return {
      root,
      libraries,
      hidden,
      groups,
      launches,
      tools: found.paths,
      filter: seccompFilter(process.arch),
    }
  }

  async function end(id: string): Promise<boolean> {
    const record = readRecord(root, id)
    const group = groups.find(id)
    if (record === null && group === null) return false
    if (record !== null) killRecorded(record)
    await group?.remove()
    return true
  }

  return {
    async probe(): Promise<SandboxReadiness> {
      if (found.missing !== undefined) {
        const detail = `this machine has no ${found.missing.join(', no ')}`
        return { ready: false, why: 'missing', detail, remedy: found.remedy }
      }
      const blocked = (detail: string): SandboxReadiness => {
        return { ready: false, why: 'blocked', detail, remedy: sandboxRemedy() }
      }
      try {
        const id = `trial-${randomUUID()}`
        const trial = await runInBubblewrap(machine(), { ...TRIAL, id }, AbortSignal.timeout(TRIAL.endsInMs))
        if (trial.reason !== 'finished' || trial.exitCode !== 0) {
          return blocked(trial.problem ?? `a trial ended by ${trial.reason} with code ${trial.exitCode}`)
        }
      } catch (error) {
        return blocked((error as Error).message)
      }
      return { ready: true, detail: `bubblewrap at ${found.paths.bwrap}, limits by ${groups.tier}` }
    },
    run: async (request, signal) => await runInBubblewrap(machine(), request, signal),
    kill: end,
    async endOrphans() {
      const strays = findStrays(root, OVERDUE_MS)
      for (const { id, orphaned } of strays) {
        await end(id)
        if (orphaned) removeRun(root, id)
      }
      return strays.map(stray => stray.id)
    },
  }
}
