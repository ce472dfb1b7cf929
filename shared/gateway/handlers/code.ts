import {
  applyChange,
  proposeChange,
  readChanged,
  readWorkspace,
} from '../../db/executions/code-workspaces.ts'
import type { codeOperations } from '../../rpc/code.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations by which an agent improves its program. */
export function createCodeHandlers({
  db,
  hint,
  testProgram,
}: HandlerParts): HandlersOf<typeof codeOperations> {
  return {
    'code.read': async caller => {
      const read = await readWorkspace(db, caller)
      if (!read.ok) return read
      const { files, modules, tests } = read.workspace
      return { ok: true, files, modules, tests: tests.map(one => one.name) }
    },
    'code.propose': ({ marketId, agent }, { key, ...change }) =>
      proposeChange(db, hint, { marketId, agent, key: key ?? null, change }),
    'code.apply': async ({ marketId, agent }, { changeId, key }) => {
      const read = await readChanged(db, { marketId, agent }, changeId)
      if (!read.ok) return read
      const { workspace, module } = read
      const tested = await testProgram(workspace)
      if (!tested.ok) return tested
      const { results } = tested
      const applied = { marketId, agent, key: key ?? null, changeId, module, files: workspace.files, results }
      return await applyChange(db, hint, applied)
    },
    'test.run': async caller => {
      const read = await readWorkspace(db, caller)
      if (!read.ok) return read
      const tested = await testProgram(read.workspace)
      return tested.ok ? { ok: true, ...tested.results } : tested
    },
  }
}
