import { rmSync } from 'node:fs'
import { endFile, type StackEnd } from '../../shared/config/stack-state.ts'
import { writeFileAtomically } from './atomic-file.ts'

/** Leaves word of why the stack in `home` ended by itself: whoever started it in the background is gone. */
export function recordStackEnd(home: string, message: string): void {
  const end: StackEnd = { at: new Date().toISOString(), message }
  try {
    writeFileAtomically(endFile(home), `${JSON.stringify(end)}\n`)
  } catch {
    // A home that cannot be written to cannot be told in either; the log has it.
  }
}

/** A stack that is up, or ended because it was asked to, has nothing to explain. */
export function forgetStackEnd(home: string): void {
  rmSync(endFile(home), { force: true })
}
