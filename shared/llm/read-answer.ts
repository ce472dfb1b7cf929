import type { ChatRequest } from './chat-request.ts'
import type { FailureReason } from './upstream-failure.ts'
import { countTokens, readUsage, spokenBytes, type Usage } from './usage.ts'

/** An upstream's answer that is none. */
export class BadAnswer extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}

const KEY_LENGTH_MIN = 8
const BYTE_ORDER_MARK = '\uFEFF'

/** Reads a body of at most `maxBytes`; throws a BadAnswer above. `onPiece` is called before each of its pieces. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onPiece = () => {},
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  onPiece()
  for await (const chunk of body) {
    onPiece()
    length += chunk.length
    if (length > maxBytes) throw new BadAnswer('too_large', `its answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** Reads a whole completion: what goes to the caller, as it came, and what it took. Throws a BadAnswer. */
export function parseAnswer(
  bytes: Buffer,
  request: ChatRequest,
  key: string | undefined,
): { body: Buffer; usage: Usage } {
  const answer = parseObject(bytes.toString())
  if (answer.error !== undefined && answer.error !== null) {
    throw new BadAnswer('stream_error', 'it answered with status 200 and an error')
  }
  if (!Array.isArray(answer.choices) || answer.choices.length === 0) {
    throw new BadAnswer('bad_response', 'its answer has no choices')
  }
  const usage = readUsage(answer.usage) ?? {
    promptTokens: promptTokensCounted(request),
    completionTokens: countTokens(
      answer.choices.reduce((sum, choice) => sum + spokenBytes(choice?.message), 0),
    ),
    cachedTokens: 0,
    source: 'counted',
  }
  return { body: withoutKey(bytes, key), usage }
}

/** Parses JSON that must be an object, a byte order mark before it passed over as clients do; throws a BadAnswer. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
  } catch {
    throw new BadAnswer('bad_response', 'its answer is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadAnswer('bad_response', 'its answer is not a JSON object')
  }
  return value as Record<string, unknown>
}

/** The prompt's tokens as they are counted when an upstream does not tell. */
export function promptTokensCounted({ promptBytes }: ChatRequest): number {
  return countTokens(promptBytes)
}

/** An upstream that repeats the key it was sent does not tell it to an agent. */
export function withoutKey(bytes: Buffer, key: string | undefined): Buffer {
  if (key === undefined || key.length < KEY_LENGTH_MIN || !bytes.includes(key)) return bytes
  return Buffer.from(bytes.toString().replaceAll(key, '[key]'))
}
