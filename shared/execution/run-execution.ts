import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Outcome } from '../economy/refusal.ts'
import type { Sandbox, SandboxExit } from '../sandbox/sandbox.ts'
import { envelopeOf } from './envelope.ts'
import type { BegunExecution, EndedRun, ExecutionOutcome, Executions } from './executions.ts'
import { executionEnvironment, forwardedServers, type LeaseAccess } from './lease-access.ts'

/** What runs executions in one process. */
export interface ExecutionRunner {
  executions: Executions
  sandbox: Sandbox
  /** Lets a begun execution in to what its lease gives it. */
  open: (execution: BegunExecution) => Promise<LeaseAccess>
  /** Closes what `open` opened, and tells whether the lease's tokens for the language model were used up. */
  close: (execution: BegunExecution) => Promise<{ tokensUsedUp: boolean }>
  /** Names this process. */
  worker: string
}

const compress = promisify(gzip)
const decompress = promisify(gunzip)
/** A database that is away when a program ends is waited for this long, in all. */
const END_TRIES_MAX = 300
const END_PAUSE_MS = 1_000
const NOTHING = { bytes: new Uint8Array(), total: 0 }

/**
 * Runs the execution of a lease to its end, once: what somebody began before and did not end is ended as interrupted,
 * and what is over stays as it is. `signal` stops the program.
 */
export async function runExecution(
  runner: ExecutionRunner,
  leaseId: string,
  signal: AbortSignal,
): Promise<Outcome<{ outcome: ExecutionOutcome }>> {
  const { executions, sandbox, worker } = runner
  const begun = await executions.begin(leaseId, worker)
  if (!begun.ok) return begun
  const { begin } = begun
  if (begin.state === 'over') return { ok: true, outcome: begin.outcome }
  if (begin.state === 'running') {
    await sandbox.kill(leaseId)
    return { ok: true, outcome: await executions.end(leaseId, neverSeen('the worker that ran it went away')) }
  }
  const run = await runProgram(runner, begin, begin.stopRequested ? AbortSignal.abort() : signal)
  return { ok: true, outcome: await endPatiently(executions, leaseId, run) }
}

/** Ends an execution that nobody runs any more, though it was begun; one that never began is left to be refunded. */
export async function abandonExecution(executions: Executions, leaseId: string): Promise<ExecutionOutcome> {
  return await executions.end(leaseId, neverSeen('no worker came back to it'))
}

async function runProgram(
  runner: ExecutionRunner,
  begun: BegunExecution,
  signal: AbortSignal,
): Promise<EndedRun> {
  const startedMs = performance.now()
  let exit: SandboxExit
  let tokensUsedUp = false
  try {
    const access = await runner.open(begun)
    try {
      exit = await runner.sandbox.run(
        {
          id: begun.leaseId,
          command: begun.program.command,
          runtime: begun.program.runtime,
          files: begun.program.files,
          workspace: begun.workspace === null ? null : await decompress(begun.workspace),
          environment: executionEnvironment(begun, access),
          servers: forwardedServers(access),
          limits: envelopeOf(begun.shares),
          endsInMs: begun.endsInMs - (performance.now() - startedMs),
        },
        signal,
      )
    } finally {
      tokensUsedUp = (await runner.close(begun)).tokensUsedUp
    }
  } catch (error) {
    return { ...neverSeen((error as Error).message), sandbox: { reason: 'failed_to_start', exitCode: null } }
  }
  const { reason, exitCode, stdout, stderr, cpuSeconds, problem, workspace } = exit
  return {
    sandbox: { reason, exitCode },
    tokensUsedUp,
    stdout,
    stderr,
    cpuSeconds,
    problem,
    workspace: workspace instanceof Uint8Array ? await compress(workspace, { level: 1 }) : workspace,
  }
}

function neverSeen(problem: string): EndedRun {
  return {
    sandbox: null,
    tokensUsedUp: false,
    stdout: NOTHING,
    stderr: NOTHING,
    cpuSeconds: null,
    problem,
    workspace: 'not_kept',
  }
}

/** What a program did must be told, however long the database is away: nobody could run it again to find out. */
async function endPatiently(
  executions: Executions,
  leaseId: string,
  run: EndedRun,
): Promise<ExecutionOutcome> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await executions.end(leaseId, run)
    } catch (error) {
      if (tries >= END_TRIES_MAX) throw error
      await delay(END_PAUSE_MS)
    }
  }
}
