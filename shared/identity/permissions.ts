import { inboxPrefix, noticeSubject, publicSubject, RPC_SUBJECTS, rpcSubject } from '../rpc/subjects.ts'

/** What a connection may do: subjects, with NATS's wildcards. What is not listed is refused by the server. */
export interface Permissions {
  publish: readonly string[]
  subscribe: readonly string[]
}

/**
 * What the gateway may do on the connection that answers agents: hear their requests, answer into inboxes of agents
 * (which have a market and a name; the platform's own do not), tell them notices, and tell the public feed. A request
 * cannot make it write anywhere else, whatever reply subject it names.
 */
export const GATEWAY_PERMISSIONS: Permissions = {
  publish: ['_INBOX.*.*.>', 'bourse.*.agent.*.notify.>', 'bourse.*.public.>'],
  subscribe: [RPC_SUBJECTS],
}

/** What an agent's own connection may do, and nothing else. */
export function agentPermissions(marketId: string, agent: string): Permissions {
  return {
    publish: [rpcSubject(marketId, agent, '>')],
    subscribe: [
      noticeSubject(marketId, agent, '>'),
      publicSubject(marketId, '>'),
      `${inboxPrefix(marketId, agent)}.>`,
    ],
  }
}
