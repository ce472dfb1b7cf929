import { spawnAgent } from '../../db/agents/spawn-agent.ts'
import { readDirectory } from '../../db/services/list-services.ts'
import { readInbox, sendMessage } from '../../db/services/messages.ts'
import type { HandlersOf } from '../../rpc/operation.ts'
import type { socialOperations } from '../../rpc/social.ts'
import type { HandlerParts } from './parts.ts'

/** Answers the operations among agents. */
export function createSocialHandlers({ db, hint }: HandlerParts): HandlersOf<typeof socialOperations> {
  return {
    'social.message': ({ marketId, agent }, { to, text, key }) =>
      sendMessage(db, hint, { marketId, from: agent, to, text, key: key ?? null }),
    'social.inbox': (caller, { limit, after }) => readInbox(db, caller, limit, after ?? null),
    'social.spawn': async ({ marketId, agent: parent }, { agent: child, credits, files, key }) => {
      const request = { marketId, parent, child, creditsMicro: credits, files, key: key ?? null }
      const born = await spawnAgent(db, hint, request)
      return born.ok ? { ...born, token: born.token ?? null } : born
    },
    'social.directory': ({ marketId }, asked) => readDirectory(db, marketId, asked),
  }
}
