import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file, readable by its owner only, that others see either whole or not at all. */
export function writeFileAtomically(path: string, content: string): void {
  const draft = `${path}.${process.pid}.draft`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, path)
}
