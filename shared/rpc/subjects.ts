import { NAME_PATTERN } from '../market/name-pattern.ts'

const RPC_SUBJECT = /^bourse\.([^.]+)\.agent\.([^.]+)\.rpc\.(.+)$/
const INBOX_TAIL = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/
/** A reply subject is no longer than this; clients make ones of some dozens. */
const REPLY_CHARACTERS_MAX = 255

/** All requests of all agents of all markets. */
export const RPC_SUBJECTS = 'bourse.*.agent.*.rpc.>'

/** Where an agent asks for an operation. */
export function rpcSubject(marketId: string, agent: string, operation: string): string {
  return `bourse.${marketId}.agent.${agent}.rpc.${operation}`
}

/** Who asks for what, from the subject of a request; null when no agent could have sent it. */
export function readRpcSubject(
  subject: string,
): { marketId: string; agent: string; operation: string } | null {
  const [, marketId = '', agent = '', operation = ''] = RPC_SUBJECT.exec(subject) ?? []
  return NAME_PATTERN.test(marketId) && NAME_PATTERN.test(agent) ? { marketId, agent, operation } : null
}

/** The prefix under which an agent gets its answers, for a client's `inboxPrefix`. */
export function inboxPrefix(marketId: string, agent: string): string {
  return `_INBOX.${marketId}.${agent}`
}

/**
 * Whether a reply subject is in the agent's own inbox. The server checks no reply subjects: answering a forged one would
 * publish there with the gateway's rights.
 */
export function isOwnInbox(marketId: string, agent: string, reply: string): boolean {
  const prefix = `${inboxPrefix(marketId, agent)}.`
  return (
    reply.length <= REPLY_CHARACTERS_MAX &&
    reply.startsWith(prefix) &&
    INBOX_TAIL.test(reply.slice(prefix.length))
  )
}

/** Where an agent hears what concerns it; the last token says what it is about. */
export function noticeSubject(marketId: string, agent: string, kind: string): string {
  return `bourse.${marketId}.agent.${agent}.notify.${kind}`
}

/** Where everybody in a market hears what is public. */
export function publicSubject(marketId: string, kind: string): string {
  return `bourse.${marketId}.public.${kind}`
}
