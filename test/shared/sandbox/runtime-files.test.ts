import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareRuntime } from '../../../shared/sandbox/runtime-files.ts'

test("Python's packages keep the times of their sources, by which what was compiled of them is known to be good", () => {
  const folder = mkdtempSync(join(tmpdir(), 'runtime-files-'))
  try {
    const packages = join(folder, 'packages')
    mkdirSync(join(packages, 'words'), { recursive: true })
    const source = join('words', '__init__.py')
    writeFileSync(join(packages, source), 'said = 1\n')
    utimesSync(join(packages, source), 1_600_000_000, 1_600_000_000)
    const [staged] = prepareRuntime(folder, 'python', { node: new Map(), python: packages }).values()
    expect(statSync(join(staged!, source)).mtimeMs).toBe(1_600_000_000_000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
