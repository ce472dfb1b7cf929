import type { Refusal } from '../shared/economy/refusal.ts'
import { EXIT_REFUSED, EXIT_UNUSABLE } from './exit-codes.ts'

/** What a failed command tells: the same code and message as the economy's own refusals. */
export type FailureReport = { code: string; message: string; field?: string } & Record<string, unknown>

/** A command that did not do what was asked: what to tell, and with which code to exit. */
export class CommandFailure extends Error {
  readonly report: FailureReport
  readonly exitCode: number

  constructor(report: FailureReport, exitCode: number) {
    super(report.message)
    this.name = 'CommandFailure'
    this.report = report
    this.exitCode = exitCode
  }
}

/** The economy said no. */
export function refused(error: Refusal['error']): CommandFailure {
  return new CommandFailure({ ...error }, EXIT_REFUSED)
}

/** The command was not called as it can be. */
export function wrongUsage(message: string, field?: string): CommandFailure {
  return new CommandFailure(
    { code: 'wrong_usage', message, ...(field === undefined ? {} : { field }) },
    EXIT_UNUSABLE,
  )
}

/** A server cannot be used. */
export function outOfReach(code: string, message: string): CommandFailure {
  return new CommandFailure({ code, message }, EXIT_UNUSABLE)
}

/** What an outcome carries; a refusal ends the command. */
export function acceptedOrRefused<T extends object>(outcome: ({ ok: true } & T) | Refusal): { ok: true } & T {
  if (outcome.ok) return outcome
  throw refused(outcome.error)
}
