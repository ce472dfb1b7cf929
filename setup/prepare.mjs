import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blockingChecks, checkMachine } from './doctor.mjs'
import { ensureInstalled } from './install.mjs'
import { ensureSandboxTools } from './install-sandbox.mjs'
import { findNode, noNodeMessage } from './node-runtime.mjs'
import { passOn } from './pass-on.mjs'

/** The folder that holds package.json. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)))

const EXIT_REFUSED = 1

/**
 * Makes the checkout ready (machine checked, dependencies installed, a suitable Node found) and runs there the
 * script that `scriptIn(checkout)` names. Everything set-up has to say goes to stderr.
 * Returns the exit code.
 */
export async function prepare(scriptIn, args) {
  try {
    const blocking = blockingChecks(await checkMachine(checkout, { quick: true }))
    if (blocking.length > 0) {
      for (const check of blocking)
        process.stderr.write(`✗ ${check.name}: ${check.detail}\n  ${check.remedy}\n`)
      return EXIT_REFUSED
    }
    await ensureInstalled(checkout)
    ensureSandboxTools()
    const node = findNode(checkout)
    if (!node) throw new Error(noNodeMessage())
    return await passOn(node, scriptIn(checkout), args)
  } catch (error) {
    process.stderr.write(`✗ ${error.message}\n`)
    return EXIT_REFUSED
  }
}
