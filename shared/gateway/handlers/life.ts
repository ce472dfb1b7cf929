import { fallAsleep } from '../../db/agents/fall-asleep.ts'
import type { lifeOperations } from '../../rpc/life.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations on an agent's own life. */
export function createLifeHandlers({ db, hint }: HandlerParts): HandlersOf<typeof lifeOperations> {
  return {
    'life.sleep': ({ marketId, agent }, { key }) =>
      fallAsleep(db, hint, { marketId, agent, key: key ?? null }),
  }
}
