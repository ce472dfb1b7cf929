import { ask } from './play.ts'
import type { ReferenceStart } from './reference-agent.ts'

const WORDS_MAX = 45
const ANSWER_TOKENS_MAX = 55
const MODEL_MS_MAX = 60_000

interface Lease {
  leaseId: string
  bundle: Record<string, number>
}

/** Has the first model that the proxy serves summarise the document of its task, on the tokens of its lease. */
export async function summarise(start: ReferenceStart, task: Record<string, unknown>): Promise<void> {
  const { document } = (task.situation ?? {}) as { document?: string }
  const { items } = (await ask(start, 'lease.list')) as unknown as { items?: Lease[] }
  const lease = items?.find(({ bundle }) => (bundle.tokens ?? 0) > 0)
  if (lease === undefined) throw new Error('no lease with tokens was won')
  const { token } = await ask(start, 'lease.token', { leaseId: lease.leaseId })
  const { data } = (await callModel(start, token, '/models')) as { data: { id: string }[] }
  const answered = (await callModel(start, token, '/chat/completions', {
    model: data[0]!.id,
    max_tokens: ANSWER_TOKENS_MAX,
    messages: [{ role: 'user', content: `Summarise in 35 words: ${document}` }],
  })) as { choices: { message: { content: string } }[] }
  const words = answered.choices[0]!.message.content.trim().split(/\s+/)
  await ask(start, 'output.submit', { output: { summary: words.slice(0, WORDS_MAX).join(' ') } })
}

async function callModel(
  { openaiBaseUrl, signal }: ReferenceStart,
  token: unknown,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${openaiBaseUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(MODEL_MS_MAX)]),
  })
  if (!response.ok) throw new Error(`the model answered ${response.status}: ${await response.text()}`)
  return await response.json()
}
