import { type LlmRefusal, refuseCall } from './llm-refusal.ts'

/** What budget and routing must know of a chat completion; everything else of `body` passes through. */
export interface ChatRequest {
  body: Readonly<Record<string, unknown>>
  model: string
  stream: boolean
  /** The caller asked for the usage at the end of its stream. */
  wantsUsage: boolean
  /** Answers asked for (`n`). */
  choices: number
  /** Tokens the caller limits an answer to; null: it did not. */
  askedOutputTokens: number | null
  /** UTF-8 bytes of everything a model may read as text: no tokenizer makes more tokens of them. */
  promptBytes: number
  /** Content parts that are not text, counted by type. */
  partCounts: ReadonlyMap<string, number>
}

const CHOICES_MAX = 128
const TEXT_PARTS = new Set(['text', 'refusal'])
/** Settings that no model reads as text; whatever else stands in a request is counted as prompt. */
const SETTINGS = new Set([
  'model',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'user',
  'metadata',
  'store',
  'service_tier',
  'parallel_tool_calls',
  'reasoning_effort',
  'verbosity',
  'safety_identifier',
  'prompt_cache_key',
  'modalities',
])

/**
 * Fields by which some upstreams take other models, other addresses, more answers or paid services than the request says
 * otherwise: what they would do is in no budget.
 */
const BEYOND_BUDGET = [
  'models',
  'fallbacks',
  'context_window_fallback_dict',
  'route',
  'provider',
  'plugins',
  'api_base',
  'base_url',
  'api_key',
  'custom_llm_provider',
  'best_of',
  'web_search_options',
]
/** Tiers that cost no more than the price that is configured. */
const SERVICE_TIERS = ['auto', 'default', 'flex']
/** Objects and lists in one another at most; what is deeper could be read, but not be written for an upstream. */
const LEVELS_MAX = 256

type Fields = Record<string, unknown>

/** Judges what concerns budget and routing in the body of a chat completion. */
export function readChatRequest(body: unknown): { ok: true; request: ChatRequest } | LlmRefusal {
  if (!isObject(body)) return refuseCall('invalid_request', 'the body must be a JSON object')
  if (isDeeperThan(body, LEVELS_MAX)) {
    return refuseCall('invalid_request', `the body nests deeper than ${LEVELS_MAX} objects and lists`)
  }
  const { model, messages } = body
  if (typeof model !== 'string' || model === '') {
    return wrong('model', 'must be the name of a model; GET /v1/models lists them')
  }
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) {
    return wrong('messages', 'must be a list of at least one message')
  }
  const stream = body.stream ?? false
  if (typeof stream !== 'boolean') return wrong('stream', 'must be true or false')
  const choices = body.n ?? 1
  if (!isCount(choices) || choices > CHOICES_MAX)
    return wrong('n', `must be a whole number from 1 to ${CHOICES_MAX}`)
  const options = body.stream_options ?? {}
  if (!isObject(options)) return wrong('stream_options', 'must be an object')
  const limits: number[] = []
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    const limit = body[name] ?? null
    if (limit === null) continue
    if (!isCount(limit)) return wrong(name, 'must be a whole number from 1')
    limits.push(limit)
  }
  const beyond = BEYOND_BUDGET.find(name => (body[name] ?? null) !== null)
  if (beyond !== undefined) {
    return wrong(
      beyond,
      'is not taken here: it may cost what no budget knows of, or reach what is not configured',
    )
  }
  if (body.service_tier != null && !SERVICE_TIERS.includes(body.service_tier as string)) {
    return wrong('service_tier', `must be one of ${SERVICE_TIERS.join(', ')}`)
  }
  const partCounts = new Map<string, number>()
  const told = messages.map(message => withoutParts(message, partCounts))
  // By entries, for one may be named __proto__.
  const others = Object.entries(body).filter(([name]) => name !== 'messages' && !SETTINGS.has(name))
  const prompt = Object.fromEntries([['messages', told], ...others])
  return {
    ok: true,
    request: {
      body,
      model,
      stream,
      wantsUsage: options.include_usage === true,
      choices,
      askedOutputTokens: limits.length === 0 ? null : Math.min(...limits),
      promptBytes: Buffer.byteLength(JSON.stringify(prompt)),
      partCounts,
    },
  }
}

function wrong(param: string, problem: string): LlmRefusal {
  return refuseCall('invalid_request', `${param} ${problem}`, { param })
}

/** The message without content parts that are not text, which are counted instead. */
function withoutParts(message: Fields, counts: Map<string, number>): Fields {
  if (!Array.isArray(message.content)) return message
  const content = message.content.filter(part => {
    if (!isObject(part)) return true
    const type = typeof part.type === 'string' ? part.type : ''
    if (TEXT_PARTS.has(type)) return true
    counts.set(type, (counts.get(type) ?? 0) + 1)
    return false
  })
  return { ...message, content }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(one => isDeeperThan(one, levels - 1))
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
