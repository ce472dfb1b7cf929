import type { IncomingMessage } from 'node:http'
import { type LlmRefusal, refuseCall } from '../../shared/llm/llm-refusal.ts'
import { parseJson } from './parse-json.ts'

/** The token of an Authorization header, or why there is none. */
export function readBearer({ headers }: IncomingMessage): { ok: true; token: string } | LlmRefusal {
  const match = /^Bearer +(\S{1,500})$/i.exec(headers.authorization ?? '')
  if (match !== null) return { ok: true, token: match[1]! }
  return refuseCall(
    'missing_token',
    'the header "Authorization: Bearer <lease token>" is missing or malformed',
  )
}

/** Reads a JSON body of at most `maxBytes`. */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ ok: true; body: unknown; text: string } | LlmRefusal> {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase()
  if (type !== 'application/json') {
    return refuseCall('unsupported_media_type', 'the body must be application/json')
  }
  if (request.headers['content-encoding'] !== undefined) {
    return refuseCall('unsupported_media_type', 'the body must not be compressed')
  }
  const tooLarge = refuseCall('request_too_large', `the body is longer than ${maxBytes} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge
  const chunks: Buffer[] = []
  let length = 0
  // Left early the request would be destroyed, and its connection with it: nobody would hear why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) break
    chunks.push(chunk)
  }
  if (length > maxBytes) {
    request.resume()
    return tooLarge
  }
  const text = decode(Buffer.concat(chunks, length))
  if (text === null) return refuseCall('invalid_request', 'the body is not UTF-8')
  try {
    return { ok: true, body: parseJson(text), text }
  } catch {
    return refuseCall('invalid_request', 'the body is not JSON')
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
