import type { SandboxLimits } from '../sandbox/sandbox.ts'

/** A resource of a market and the share of it a lease holds, parts per million. */
export interface LeasedShare {
  name: string
  /** A decimal number, in the unit its enforcer takes: cores, MiB, tokens per minute. */
  capacity: string
  ppm: number
}

const MEBIBYTE = 1024 ** 2
const PPM = 1_000_000
/** What it takes to start a program at all; a lease that holds less of memory or processor gets this. */
export const MEMORY_BYTES_MIN = 48 * MEBIBYTE
export const CPU_CORES_MIN = 0.05
/** No market sells more than a machine could ever have. */
const MEMORY_BYTES_MAX = 1024 ** 4
const CPU_CORES_MAX = 1024
/** The same for every program. */
const PROCESSES_MAX = 64
const OPEN_FILES_MAX = 256
const WORKSPACE_BYTES_MAX = 32 * MEBIBYTE
const WORKSPACE_FILES_MAX = 4_096

/**
 * What a program may use within a lease. `memory` counts MiB and `cpu` cores; a market that does not sell one of them
 * gives the least there is. What a program keeps in its workspace counts as its memory while it runs.
 */
export function envelopeOf(shares: readonly LeasedShare[]): SandboxLimits {
  const held = (name: string) => {
    const share = shares.find(one => one.name === name)
    return share === undefined ? 0 : (Number(share.capacity) * share.ppm) / PPM
  }
  return {
    memoryBytes: Math.floor(within(held('memory') * MEBIBYTE, MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)),
    cpuCores: within(held('cpu'), CPU_CORES_MIN, CPU_CORES_MAX),
    processes: PROCESSES_MAX,
    openFilesPerProcess: OPEN_FILES_MAX,
    workspaceBytes: WORKSPACE_BYTES_MAX,
    workspaceFiles: WORKSPACE_FILES_MAX,
  }
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
