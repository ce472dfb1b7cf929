import type { ModelConfig } from './llm-config.ts'

/** The tokens a call took. */
export interface Usage {
  promptTokens: number
  completionTokens: number
  /** Of the prompt's tokens, those the upstream had cached. */
  cachedTokens: number
  /** By the upstream's word, or counted here because it gave none. */
  source: 'reported' | 'counted'
}

export const NO_USAGE: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, source: 'counted' }

/** An average that holds for English and code in the vocabularies in use. */
const BYTES_PER_TOKEN = 4
const MILLION = 1_000_000n
const TOKENS_MAX = 1_000_000_000

/** Reads the `usage` of an upstream's answer; null when there is none that makes sense. */
export function readUsage(usage: unknown): Usage | null {
  if (typeof usage !== 'object' || usage === null) return null
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } = usage as Record<
    string,
    unknown
  >
  const promptTokens = tokenCount(prompt_tokens)
  const completion = tokenCount(completion_tokens)
  if (promptTokens === null || completion === null || promptTokens + completion === 0) return null
  const details = prompt_tokens_details as { cached_tokens?: unknown } | null | undefined
  const cached = tokenCount(details?.cached_tokens) ?? 0
  // Some upstreams tell reasoning in the total alone.
  const total = tokenCount(total_tokens) ?? 0
  const completionTokens = Math.max(completion, total - promptTokens)
  return { promptTokens, completionTokens, cachedTokens: Math.min(cached, promptTokens), source: 'reported' }
}

/** Counts tokens where an upstream told none: four bytes a token, and never fewer than the pieces it came in. */
export function countTokens(bytes: number, pieces = 0): number {
  return Math.max(Math.ceil(bytes / BYTES_PER_TOKEN), pieces)
}

/** All tokens of a usage. */
export function totalTokens({ promptTokens, completionTokens }: Usage): number {
  return promptTokens + completionTokens
}

/** What a usage costs at a model's prices, in millionths, rounded up. */
export function costMicro(
  usage: Usage,
  { input, output, cachedInput = input }: ModelConfig['price'],
): bigint {
  const { promptTokens, completionTokens, cachedTokens } = usage
  const millionfold =
    BigInt(promptTokens - cachedTokens) * input +
    BigInt(cachedTokens) * cachedInput +
    BigInt(completionTokens) * output
  return (millionfold + MILLION - 1n) / MILLION
}

/** UTF-8 bytes of everything that was said in a message or a piece of one. */
export function spokenBytes(said: unknown): number {
  if (typeof said === 'string') return Buffer.byteLength(said)
  if (typeof said !== 'object' || said === null) return 0
  let bytes = 0
  for (const [name, value] of Object.entries(said)) {
    if (name !== 'role' && name !== 'id' && name !== 'type') bytes += spokenBytes(value)
  }
  return bytes
}

function tokenCount(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= TOKENS_MAX
    ? (value as number)
    : null
}
