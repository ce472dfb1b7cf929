import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PROGRAM_FILE_BYTES_MAX, programProblem, readManifest } from '../../../shared/program/program.ts'
import { readProgramFolder } from '../../../shared/program/read-program-folder.ts'

const manifest = (content: unknown) => {
  const read = readManifest(typeof content === 'string' ? content : JSON.stringify(content))
  return read.ok ? read.manifest : read.error.message
}

describe('an agent.json', () => {
  it('says a command, what runs it, and which files belong to it', () => {
    expect(manifest({ command: ['node', 'main.mjs'] })).toEqual({
      command: ['node', 'main.mjs'],
      runtime: 'node',
      files: null,
    })
    expect(manifest({ command: ['python3', 'main.py'] })).toMatchObject({ runtime: 'python' })
    expect(manifest({ command: ['./run'] })).toMatchObject({ runtime: 'native' })
    expect(manifest({ command: ['sh', 'a'], runtime: 'python', files: ['a'] })).toEqual({
      command: ['sh', 'a'],
      runtime: 'python',
      files: ['a'],
    })
  })

  it.each([
    ['{', /is not JSON/],
    [{ command: ['a'], env: {} }, /"env" is not known: allowed are command, runtime and files/],
    [{}, /command/],
    [{ command: [] }, /command: must name a command/],
    [{ command: 'node main.mjs' }, /command/],
    [{ command: ['a\0b'] }, /command.0: has a NUL/],
    [{ command: ['a'], runtime: 'docker' }, /runtime: must be one of node, python, native/],
    [{ command: ['a'], files: ['../secret'] }, /files.0: must be the name of a file in this folder/],
    [{ command: ['a'], files: ['/etc/passwd'] }, /files.0/],
    [{ command: ['a'], files: ['.bashrc'] }, /files.0/],
    [{ command: ['a'], files: ['a', 'a'] }, /files: names a file twice/],
  ])('refuses %j', (content, problem) => {
    expect(manifest(content)).toMatch(problem)
  })
})

describe('a program', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bourse-program-'))
    write('agent.json', '{"command": ["sh", "main.sh"]}')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content)
  const problem = () => {
    const read = readProgramFolder(folder)
    return read.ok ? null : read.error.message
  }

  it('is what lies in its folder, folders and manifest left out', () => {
    write('main.sh', 'echo')
    mkdirSync(join(folder, '__pycache__'))
    const read = readProgramFolder(folder)
    expect(read.ok && [...read.program.files.keys()]).toEqual(['main.sh'])
  })

  it('is what its manifest names, when it names files', () => {
    write('agent.json', '{"command": ["sh", "main.sh"], "files": ["main.sh"]}')
    write('main.sh', 'echo')
    write('secret', 'not told')
    const read = readProgramFolder(folder)
    expect(read.ok && [...read.program.files.keys()]).toEqual(['main.sh'])
    rmSync(join(folder, 'main.sh'))
    expect(problem()).toContain('main.sh is not there')
  })

  it('holds no links, pipes or files from elsewhere', () => {
    symlinkSync('/etc/passwd', join(folder, 'link'))
    expect(problem()).toContain('link is a link')
    rmSync(join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(problem()).toContain('pipe is not a plain file')
    rmSync(join(folder, 'pipe'))
    write('.hidden', '')
    expect(problem()).toContain('".hidden"')
    rmSync(join(folder, 'agent.json'))
    symlinkSync('/dev/zero', join(folder, 'agent.json'))
    expect(problem()).toContain('agent.json is a link')
  })

  it('is bounded in files and bytes', () => {
    write('large', Buffer.alloc(PROGRAM_FILE_BYTES_MAX + 1))
    expect(problem()).toContain('more than 1048576 bytes')
    const files = (count: number, bytes: number) =>
      new Map(Array.from({ length: count }, (_, nth) => [`f${nth}`, new Uint8Array(bytes)]))
    expect(programProblem({ files: files(65, 1) })).toMatchObject({ error: { code: 'invalid_program' } })
    expect(programProblem({ files: files(5, PROGRAM_FILE_BYTES_MAX) })).toMatchObject({ ok: false })
    expect(programProblem({ files: files(4, PROGRAM_FILE_BYTES_MAX) })).toBe(null)
  })

  it('says when there is none', () => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    expect(problem()).toContain('agent.json is not there')
  })
})
