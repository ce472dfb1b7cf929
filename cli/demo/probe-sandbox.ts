import { createSandbox } from '../../shared/sandbox/create-sandbox.ts'
import { sandboxRoot } from '../../shared/sandbox/run-records.ts'
import type { SandboxReadiness } from '../../shared/sandbox/sandbox.ts'

/** Whether programs can run on this machine, found out as a worker does: by running one that does nothing. */
export async function probeSandbox(): Promise<SandboxReadiness> {
  const libraries = { node: new Map<string, string>(), python: null }
  return await createSandbox({ root: sandboxRoot(), libraries, hidden: [] }).probe()
}
