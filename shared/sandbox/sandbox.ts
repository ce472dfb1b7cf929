import type { Runtime } from '../program/runtime.ts'
import type { KeptOutput } from './kept-output.ts'

/** What a program may use while it runs. What it would use beyond is refused to it or ends it. */
export interface SandboxLimits {
  memoryBytes: number
  /** Of processor time, in whole processors: 0.5 is half of one. */
  cpuCores: number
  processes: number
  openFilesPerProcess: number
  /** Of everything it may write: its workspace, /tmp and /dev/shm together. */
  workspaceBytes: number
  workspaceFiles: number
}

/** A server outside that a program reaches at 127.0.0.1 and `insidePort`, and nowhere else. */
export interface ForwardedServer {
  name: string
  insidePort: number
  target: { host: string; port: number }
}

/** A program and everything it is given; it sees nothing else. */
export interface SandboxRequest {
  /** Names the run's records on this machine: of two runs under one id the second is refused. */
  id: string
  command: readonly string[]
  runtime: Runtime
  /** By name, placed read-only in /program, which is where the command runs. */
  files: ReadonlyMap<string, Uint8Array>
  /** The workspace as an earlier run left it; null: empty. */
  workspace: Uint8Array | null
  /** All variables the program sees, beside those in `sandboxEnvironment`. */
  environment: Readonly<Record<string, string>>
  servers: readonly ForwardedServer[]
  limits: SandboxLimits
  /** The program is killed when this time has passed. */
  endsInMs: number
}

/** `stopped`: the signal given to `run` was aborted. `failed_to_start`: the program never ran, by no fault of its own. */
export type SandboxEnd = 'finished' | 'time' | 'memory' | 'stopped' | 'failed_to_start'

export interface SandboxExit {
  /** Whether the program began at all. */
  started: boolean
  reason: SandboxEnd
  /** As a shell tells it: 128 + n after signal n; null when it never ran. */
  exitCode: number | null
  stdout: KeptOutput
  stderr: KeptOutput
  /** What it left in its workspace, null when that is empty; `not_kept`: it could not be kept (see `problem`). */
  workspace: Uint8Array | null | 'not_kept'
  /** Processor time that all its processes took together; null: nobody counted it. */
  cpuSeconds: number | null
  /** What went wrong on our side, for operators; null: nothing. */
  problem: string | null
}

/** Whether programs can be run here, and if not, why and what would help. */
export type SandboxReadiness =
  | { ready: true; detail: string }
  | { ready: false; why: 'missing' | 'blocked'; detail: string; remedy: string }

/** Runs programs that nobody trusts. Any runner that keeps to this can take the place of another. */
export interface Sandbox {
  probe(): Promise<SandboxReadiness>
  /** Runs a program to its end. A program that misbehaves is an answer; what throws is a broken machine. */
  run(request: SandboxRequest, signal: AbortSignal): Promise<SandboxExit>
  /** Kills the run with this id, whichever process of this machine started it; false: there is none. */
  kill(id: string): Promise<boolean>
  /** Kills runs on this machine whose starter is gone or whose time is long over, and tells their ids. */
  endOrphans(): Promise<string[]>
}
