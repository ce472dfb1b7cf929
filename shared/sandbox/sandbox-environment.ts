import type { Runtime } from '../program/runtime.ts'
import type { SandboxLimits } from './sandbox.ts'

/** Inside a sandbox. */
export const PROGRAM_FOLDER = '/program'
export const WORKSPACE_FOLDER = '/workspace'
export const RUNTIME_FOLDER = '/opt/bourse'
export const SOCKET_FOLDER = '/run/bourse'

/** Of its memory a Node program's heap gets this part; the rest is for what is not heap. */
const NODE_HEAP_PART = 0.6
const MEBIBYTE = 1024 ** 2

/** The variables every program sees, beside those of its execution. */
export function sandboxEnvironment(runtime: Runtime, limits: SandboxLimits): Record<string, string> {
  const common = {
    PATH: `${RUNTIME_FOLDER}/bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: WORKSPACE_FOLDER,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
  }
  if (runtime === 'python') {
    return {
      ...common,
      PYTHONPATH: `${RUNTIME_FOLDER}/python`,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
    }
  }
  if (runtime === 'node') {
    const heapMebibytes = Math.max(8, Math.floor((NODE_HEAP_PART * limits.memoryBytes) / MEBIBYTE))
    return { ...common, NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` }
  }
  return common
}

/** Where the socket of a forwarded server is inside. */
export function socketInside(server: string): string {
  return `${SOCKET_FOLDER}/${server}.sock`
}
