import { inboxPrefix, noticeSubject } from '../rpc/subjects.ts'

/** One agent is told at most once in this time, however many of its requests go astray. */
const TELL_EVERY_MS = 1_000
/** Of so many agents it is remembered when they were told. */
const REMEMBERED_MAX = 10_000

/**
 * Tells agents whose requests want their answers elsewhere what to set, as a notice: the only place where they may hear
 * it, for nothing is published where they asked.
 */
export function createMisdirectedNotices(
  publish: (subject: string, text: string) => void,
  nowMs: () => number = () => performance.now(),
): (marketId: string, agent: string, reply: string) => void {
  const toldAtMs = new Map<string, number>()
  return (marketId, agent, reply) => {
    const who = `${marketId}/${agent}`
    const at = nowMs()
    if (at - (toldAtMs.get(who) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return
    toldAtMs.delete(who)
    toldAtMs.set(who, at)
    if (toldAtMs.size > REMEMBERED_MAX) toldAtMs.delete(toldAtMs.keys().next().value!)
    const prefix = inboxPrefix(marketId, agent)
    const wanted = reply === '' ? 'no answer at all' : `its answer on ${JSON.stringify(reply.slice(0, 100))}`
    const message =
      `a request wants ${wanted}, and was not looked at: answers go to subjects under ${prefix} only. ` +
      `Give your NATS client the inbox prefix ${JSON.stringify(prefix)} (inboxPrefix, inbox_prefix, CustomInboxPrefix) ` +
      'and send requests, not plain messages.'
    publish(
      noticeSubject(marketId, agent, 'request_refused'),
      JSON.stringify({ kind: 'request_refused', data: { code: 'invalid_reply_subject', message } }),
    )
  }
}
