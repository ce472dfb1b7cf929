import type { Answer } from '../history.ts'
import { MODEL } from '../stage/upstream.ts'
import { answerOf, type Load, type Scene } from './load.ts'

const CALLS_MAX = 4
const PROMPT = 'say something about the price of attention'
/** Callers wait for so long, some of them not long enough. */
const PATIENT_MS = 8_000
const IMPATIENT_MS = { low: 20, high: 800 }
/** Answers that are allowed to be longer than what a lease has are cut. */
const ANSWER_TOKENS_MAX = 900

/** Has a lease with tokens, and calls a model on it at any of the proxies, a few times at once. */
export const modelCalls: Load = {
  name: 'calls to models',
  everyMs: 900,
  async act(scene) {
    const shown = await showLease(scene)
    if (shown === null) return
    const calls = Array.from({ length: scene.random.between(1, CALLS_MAX) }, () => call(scene, shown))
    await Promise.all(calls)
  },
}

/** Whoever calls, with a new token of its lease; null when no lease has tokens to spend, or none was to be had. */
async function showLease(scene: Scene): Promise<{ agent: string; token: string } | null> {
  const { market: marketId, doors } = scene
  const agent = scene.random.pick(scene.agents)
  const wanted = { kind: 'lease token' as const, agent, mark: '' }
  let token: string | null = null
  await scene.doOnce(wanted, async () => {
    const { rows } = await doors.db.query(
      `select l.lease_id from leases l join agents a on a.agent_id = l.beneficiary_id
        where l.market_id = $1 and a.name = $2 and l.status = 'active' and l.ends_at > clock_timestamp()
          and l.quantities_ppm[(select ordinal + 1 from market_resources where market_id = $1 and name = 'tokens')] > 0
        order by l.ends_at desc limit 1`,
      [marketId, agent],
    )
    if (rows.length === 0) return { refused: 'no_lease' }
    const leaseId: string = rows[0].lease_id
    const issued = await doors.identity.issueLeaseToken({ marketId, leaseId, agent, actor: 'faults' })
    if (issued.ok) token = issued.token
    return answerOf(issued, () => leaseId)
  })
  return token === null ? null : { agent, token }
}

/** One call, whole or as a stream. It is known by its trace; an answer is acknowledged when it is complete. */
async function call(scene: Scene, { agent, token }: { agent: string; token: string }): Promise<void> {
  const { doors, random, history } = scene
  const mark = history.nextSerial().toString(16).padStart(32, '0')
  const stream = random.chance(0.5)
  const body = {
    model: MODEL,
    messages: [{ role: 'user', content: PROMPT }],
    max_tokens: random.between(1, ANSWER_TOKENS_MAX),
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  }
  const url = `${random.pick(doors.models)}/chat/completions`
  const waitMs = random.chance(0.2) ? random.between(IMPATIENT_MS.low, IMPATIENT_MS.high) : PATIENT_MS
  await scene.doOnce({ kind: 'model call', agent, mark }, async (): Promise<Answer> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        traceparent: `00-${mark}-${mark.slice(-16)}-01`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(waitMs),
    })
    const text = await response.text()
    if (!response.ok) return { refused: errorCodeOf(text, response.status) }
    if (!isComplete(text, stream)) throw new Error('the answer was cut')
    return { acknowledged: response.headers.get('x-request-id')! }
  })
}

function isComplete(text: string, stream: boolean): boolean {
  if (stream) return text.trimEnd().endsWith('data: [DONE]')
  JSON.parse(text)
  return true
}

function errorCodeOf(text: string, status: number): string {
  const { error } = JSON.parse(text) as { error?: { code?: string | null; type?: string } }
  return error?.code ?? error?.type ?? String(status)
}
