import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Runtime } from '../program/runtime.ts'
import { NODE_INSIDE, NODE_LIBRARIES_INSIDE, PYTHON_LIBRARIES_INSIDE } from './bubblewrap-arguments.ts'

/** Libraries that programs find without bringing them: folders outside, and what they are called. */
export interface RuntimeLibraries {
  /** Folders of npm packages, by package name. */
  node: ReadonlyMap<string, string>
  /** A folder of Python packages; null: none. */
  python: string | null
}

const ETC: Record<string, string> = {
  passwd: 'agent:x:1000:1000:agent:/workspace:/bin/sh\n',
  group: 'agent:x:1000:\n',
  hosts: '127.0.0.1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'resolv.conf': '',
}

/** Small files of /etc, as every sandbox sees them: where they stand outside, by name. */
export function prepareEtc(root: string): ReadonlyMap<string, string> {
  const folder = join(root, 'etc')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const files = Object.entries(ETC).map(([name, content]) => {
    writeFileSync(join(folder, name), content, { mode: 0o644 })
    return [name, join(folder, name)] as const
  })
  return new Map(files)
}

/**
 * Puts what a runtime needs beside the system where a sandbox's own user can read it, once for all sandboxes, and
 * answers where it stands outside by where it belongs inside. Node is the one this process runs under; Python is the
 * system's.
 */
export function prepareRuntime(
  root: string,
  runtime: Runtime,
  libraries: RuntimeLibraries,
): ReadonlyMap<string, string> {
  const folder = join(root, 'runtimes')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  if (runtime === 'native') return new Map()
  if (runtime === 'python') {
    const { python } = libraries
    if (python === null) return new Map()
    // With the times of its sources, which Python compares with those in what it compiled: else it compiles all anew each time.
    const staged = stage(folder, `python-packages-${digest(python)}`, to =>
      cpSync(python, to, { recursive: true, preserveTimestamps: true }),
    )
    return new Map([[PYTHON_LIBRARIES_INSIDE, staged]])
  }
  const node = stage(folder, `node-${process.version}-${digest(process.execPath)}`, to => {
    try {
      linkSync(process.execPath, to)
    } catch {
      cpSync(process.execPath, to)
      chmodSync(to, 0o755)
    }
  })
  if (libraries.node.size === 0) return new Map([[NODE_INSIDE, node]])
  const packages = stage(folder, `node-packages-${digest(JSON.stringify([...libraries.node]))}`, to => {
    for (const [name, from] of libraries.node) {
      cpSync(from, join(to, name), { recursive: true, dereference: true })
    }
  })
  return new Map([
    [NODE_INSIDE, node],
    [NODE_LIBRARIES_INSIDE, packages],
  ])
}

/** Makes what stands at a name whole before it stands there, so that processes at once see it or not. */
function stage(folder: string, name: string, make: (to: string) => void): string {
  const path = join(folder, name)
  if (existsSync(path)) return path
  const making = join(folder, `.${name}-${randomUUID()}`)
  try {
    make(making)
    renameSync(making, path)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(path)) throw error
  }
  return path
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
