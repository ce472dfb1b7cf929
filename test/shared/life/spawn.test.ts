import { describe, expect, test } from 'vitest'
import { inheritProgram } from '../../../shared/life/spawn.ts'
import type { Program } from '../../../shared/program/program.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parent: Program = {
  command: ['node', 'main.mjs'],
  runtime: 'node',
  files: new Map([
    ['main.mjs', bytes('one')],
    ['services.mjs', bytes('two')],
  ]),
}

function filesOf(files: Record<string, string>) {
  const inherited = inheritProgram(parent, files)
  if (!inherited.ok) return inherited.error.code
  return Object.fromEntries(
    [...inherited.program!.files].map(([name, content]) => [name, new TextDecoder().decode(content)]),
  )
}

describe("a child's program", () => {
  test("is its parent's, which stays as it is", () => {
    expect(filesOf({ 'main.mjs': 'changed' })).toEqual({ 'main.mjs': 'changed', 'services.mjs': 'two' })
    expect(filesOf({})).toEqual({ 'main.mjs': 'one', 'services.mjs': 'two' })
  })

  test('takes files by the last name of their paths, wherever those point', () => {
    expect(filesOf({ '../../etc/notes.txt': 'x', '/abs/genes.json': '{}' })).toMatchObject({
      'notes.txt': 'x',
      'genes.json': '{}',
    })
  })

  test('is refused with names that are none, twice the same, or no program to belong to', () => {
    for (const path of ['..', '.', '/', 'a/.bashrc', '-rf', 'a b'])
      expect(filesOf({ [path]: 'x' }), path).toBe('invalid_program')
    expect(filesOf({ 'a/x.txt': '1', 'b/x.txt': '2' })).toBe('invalid_program')
    expect(inheritProgram(null, { 'x.txt': '1' })).toMatchObject({ error: { code: 'invalid_program' } })
    expect(inheritProgram(null, {})).toEqual({ ok: true, program: null })
  })
})
