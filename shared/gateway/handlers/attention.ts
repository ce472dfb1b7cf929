import type { Attention } from '../../attention/attention.ts'
import { refuseUnknownPrompt } from '../../attention/decisions.ts'
import type { attentionOperations } from '../../rpc/attention.ts'
import type { HandlersOf } from '../../rpc/operation.ts'

/** Answers the operations by which agents ask for a person's attention. */
export function createAttentionHandlers({
  attention,
}: {
  attention: Attention
}): HandlersOf<typeof attentionOperations> {
  return {
    'attention.prompt': (caller, { text, amount, leaseId, expiresInSeconds, key }) =>
      attention.openPrompt({
        ...caller,
        text,
        amountMicro: amount,
        key: key ?? null,
        ...(leaseId === undefined ? {} : { leaseId }),
        ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      }),
    'prompt.status': async ({ marketId, agent }, { promptId }) => {
      const found = await attention.findPrompt(promptId)
      if (!found.ok) return found
      const { marketId: itsMarket, agent: itsAgent, ...prompt } = found
      return itsMarket === marketId && itsAgent === agent ? prompt : refuseUnknownPrompt(promptId)
    },
  }
}
