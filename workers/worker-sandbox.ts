import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDir } from '../setup/servers.mjs'
import { stackHome } from '../shared/config/stack-state.ts'
import { createSandbox } from '../shared/sandbox/create-sandbox.ts'
import { nodePackages } from '../shared/sandbox/node-packages.ts'
import { sandboxRoot } from '../shared/sandbox/run-records.ts'
import type { Sandbox } from '../shared/sandbox/sandbox.ts'

const checkout = fileURLToPath(new URL('../', import.meta.url))
/** Stock clients that programs find without bringing them. */
const NODE_PACKAGES = ['nats', 'openai']

/** The sandbox of this machine, as workers use it: with stock clients, and without a sight of Bourse. */
export function createWorkerSandbox(): Sandbox {
  const python = join(cacheDir(), 'python-packages')
  return createSandbox({
    root: sandboxRoot(),
    libraries: {
      node: nodePackages(join(checkout, 'node_modules'), NODE_PACKAGES),
      python: existsSync(python) ? python : null,
    },
    hidden: [checkout, stackHome(), cacheDir()],
  })
}
