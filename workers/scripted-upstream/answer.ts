import type { Behaviour } from './behaviour.ts'

/** The part of a chat completion request that a scripted answer depends on. */
export interface ScriptedRequest {
  model: string
  stream?: boolean
  n?: number | null
  max_tokens?: number | null
  max_completion_tokens?: number | null
  messages: unknown[]
  tools?: { function?: { name: string } }[]
  tool_choice?: unknown
  stream_options?: { include_usage?: boolean } | null
}

export interface ScriptedAnswer {
  /** The pieces each choice is told in. */
  pieces: string[]
  toolName: string | null
  finishReason: 'stop' | 'length' | 'tool_calls'
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

const BYTES_PER_TOKEN = 4
const TOOL_TOKENS = 6

/** Words instead of a model's: as many as the script says, no more than the request allows. */
export function scriptedAnswer(request: ScriptedRequest, behaviour: Behaviour): ScriptedAnswer {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY
  const words = wordsOf(request, behaviour)
  const pieces = behaviour.ignoresLimit ? words : words.slice(0, limit)
  const toolName = request.tool_choice === 'required' ? (request.tools?.[0]?.function?.name ?? null) : null
  const choices = request.n ?? 1
  const prompt_tokens = Math.ceil(Buffer.byteLength(JSON.stringify(request.messages)) / BYTES_PER_TOKEN)
  const completion_tokens = choices * (toolName === null ? pieces.length : TOOL_TOKENS)
  return {
    pieces,
    toolName,
    finishReason: toolName !== null ? 'tool_calls' : pieces.length < words.length ? 'length' : 'stop',
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  }
}

function wordsOf({ messages }: ScriptedRequest, { words, text, wordsOfSentence }: Behaviour): string[] {
  if (wordsOfSentence !== undefined) return beginnings(messages.at(-1), wordsOfSentence)
  if (text !== undefined) return text.split(/(?<= )/)
  return Array.from({ length: words }, (_, place) => `word${place} `)
}

/** The first words of each sentence of a message's text: what stands before the first colon is how it is asked. */
function beginnings(message: unknown, words: number): string[] {
  const { content } = (message ?? {}) as { content?: unknown }
  const text = typeof content === 'string' ? content.slice(content.indexOf(':') + 1).trim() : ''
  return text.split(/(?<=[.!?])\s+/).flatMap(sentence => {
    const first = sentence
      .split(/\s+/)
      .slice(0, words)
      .join(' ')
      .replace(/[.!?]?$/, '. ')
    return first.split(/(?<= )/)
  })
}

/** A whole chat completion as OpenAI shapes it. */
export function completionOf(request: ScriptedRequest, answer: ScriptedAnswer, tellsUsage: boolean): object {
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 0,
    model: request.model,
    choices: Array.from({ length: request.n ?? 1 }, (_, index) => ({
      index,
      message:
        answer.toolName === null
          ? { role: 'assistant', content: answer.pieces.join(''), refusal: null }
          : { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(answer.toolName)] },
      logprobs: null,
      finish_reason: answer.finishReason,
    })),
    ...(tellsUsage ? { usage: answer.usage } : {}),
  }
}

/** The chunks of a stream, the usage last when it was asked for. */
export function chunksOf(request: ScriptedRequest, answer: ScriptedAnswer, tellsUsage: boolean): object[] {
  const chunk = (choices: object[], more: object = {}) => ({
    id: 'chatcmpl-scripted',
    object: 'chat.completion.chunk',
    created: 0,
    model: request.model,
    choices,
    ...more,
  })
  const each = (delta: object, finish_reason: string | null = null) =>
    Array.from({ length: request.n ?? 1 }, (_, index) =>
      chunk([{ index, delta, logprobs: null, finish_reason }]),
    )
  const told =
    answer.toolName === null
      ? answer.pieces.flatMap(content => each({ content }))
      : each({ tool_calls: [{ index: 0, ...toolCall(answer.toolName) }] })
  return [
    ...each({ role: 'assistant', content: '' }),
    ...told,
    ...each({}, answer.finishReason),
    ...(tellsUsage && request.stream_options?.include_usage === true
      ? [chunk([], { usage: answer.usage })]
      : []),
  ]
}

function toolCall(name: string) {
  return { id: 'call_scripted', type: 'function', function: { name, arguments: '{"place":"here"}' } }
}
