import { headers, type NatsConnection } from 'nats'
import { ERROR_CODES } from '../../shared/rpc/error-codes.ts'
import { isOperationName, operations } from '../../shared/rpc/operations.ts'
import { rpcSubject } from '../../shared/rpc/subjects.ts'
import { PATIENCE_MS } from '../patience.ts'
import type { FuzzedMessage } from './messages.ts'

const TEXT_CHARACTERS_MAX = 2_000

/** Sends messages as one agent, each when the one before was answered; throws at an answer that should not be. */
export async function sendMessages(
  connection: NatsConnection,
  { marketId, agent }: { marketId: string; agent: string },
  messages: readonly FuzzedMessage[],
  onAnswered: (code: string) => void = () => {},
): Promise<void> {
  for (const message of messages) {
    const { operation, bytes, traceparent } = message
    const carried = headers()
    if (traceparent !== null) carried.set('traceparent', traceparent)
    const { data } = await connection
      .request(rpcSubject(marketId, agent, operation), bytes, { timeout: PATIENCE_MS, headers: carried })
      .catch(error => {
        throw new Error(`${describe(message)} was not answered`, { cause: error })
      })
    const answer = JSON.parse(Buffer.from(data).toString())
    const problem = problemOf(operation, answer)
    if (problem !== null) throw new Error(`${describe(message)} was answered wrongly: ${problem}`)
    onAnswered(answer.ok ? 'ok' : answer.error.code)
  }
}

function problemOf(
  operation: string,
  answer: { ok: unknown; error?: { code: string; message: unknown } },
): string | null {
  if (answer.ok === true) {
    if (!isOperationName(operation)) return 'nobody serves this'
    const read = operations[operation].reply.safeParse(answer)
    return read.success ? null : read.error.message
  }
  const { code = '', message } = answer.error ?? {}
  if (!Object.hasOwn(ERROR_CODES, code) || code === 'internal_error') return `code ${code}`
  const isInWords = typeof message === 'string' && message !== '' && message.length <= TEXT_CHARACTERS_MAX
  return isInWords ? null : `message ${JSON.stringify(message)}`
}

function describe({ operation, bytes, traceparent }: FuzzedMessage): string {
  return `${operation} ${JSON.stringify(bytes.toString('latin1'))} (traceparent ${traceparent})`
}
