import {
  applyChange,
  proposeChange,
  readChanged,
  readWorkspace,
} from '../../db/executions/code-workspaces.ts'
import { type Outcome, refuse } from '../../economy/refusal.ts'
import type { codeOperations } from '../../rpc/code.ts'
import type { Caller, HandlersOf } from '../../rpc/operation.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations by which an agent improves its program. */
export function createCodeHandlers({
  db,
  hint,
  testProgram,
}: HandlerParts): HandlersOf<typeof codeOperations> {
  /** Agents whose programs are being tested here: each has one test at a time, so that none keeps the others waiting. */
  const testing = new Set<string>()

  async function alone<T>({ marketId, agent }: Caller, test: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const who = `${marketId}/${agent}`
    if (testing.has(who)) {
      return refuse('too_many_requests', 'your program is being tested: wait for that answer, then ask again')
    }
    testing.add(who)
    try {
      return await test()
    } finally {
      testing.delete(who)
    }
  }

  return {
    'code.read': async caller => {
      const read = await readWorkspace(db, caller)
      if (!read.ok) return read
      const { files, modules, tests } = read.workspace
      return { ok: true, files, modules, tests: tests.map(one => one.name) }
    },
    'code.propose': ({ marketId, agent }, { key, ...change }) =>
      proposeChange(db, hint, { marketId, agent, key: key ?? null, change }),
    'code.apply': (caller, { changeId, key }) =>
      alone(caller, async () => {
        const { marketId, agent } = caller
        const read = await readChanged(db, { marketId, agent }, changeId)
        if (!read.ok) return read
        const { workspace, module, before } = read
        const tested = await testProgram(workspace)
        if (!tested.ok) return tested
        const { results } = tested
        const { files } = workspace
        const applied = { marketId, agent, key: key ?? null, changeId, module, before, files, results }
        return await applyChange(db, hint, applied)
      }),
    'test.run': caller =>
      alone(caller, async () => {
        const read = await readWorkspace(db, caller)
        if (!read.ok) return read
        const tested = await testProgram(read.workspace)
        return tested.ok ? { ok: true, ...tested.results } : tested
      }),
  }
}
