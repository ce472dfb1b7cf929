import { finishTask, readTask } from '../../db/agents/agent-tasks.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { taskOperations } from '../../rpc/task.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations on an agent's task. */
export function createTaskHandlers({ db, hint }: HandlerParts): HandlersOf<typeof taskOperations> {
  return {
    'task.get': ({ marketId, agent }) => readTask(db, marketId, agent),
    'task.finish': ({ marketId, agent }, { key }) =>
      finishTask(db, hint, { marketId, agent, key: key ?? null }),
  }
}
