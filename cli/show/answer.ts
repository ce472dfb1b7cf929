import { once } from 'node:events'
import type { FailureReport } from '../command-failure.ts'
import { coloursFor } from './colours.ts'
import { safeJson, safeText } from './safe-text.ts'

export interface OutputOptions {
  json?: boolean
}

/** Prints a command's answer: one JSON document for programs, text for people. */
export async function printAnswer(
  { json }: OutputOptions,
  document: object,
  textForPeople: () => string,
): Promise<void> {
  await write(json ? `${safeJson(document)}\n` : textForPeople())
}

/** Prints what went wrong: a refusal as the API gives it, or a sentence on stderr. */
export async function printFailure({ json }: OutputOptions, report: FailureReport): Promise<void> {
  if (json) return await write(`${safeJson({ ok: false, error: report })}\n`)
  const red = coloursFor(process.stderr).red
  const lines = report.message.split('\n').map(safeText)
  process.stderr.write(`${red(report.code)}: ${lines.join('\n')}\n`)
}

/** Writes to stdout and waits while its reader is behind, so that a stream never piles up in memory. */
export async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** Tells people something beside the answer. */
export function note(text: string): void {
  process.stderr.write(`${safeText(text)}\n`)
}
