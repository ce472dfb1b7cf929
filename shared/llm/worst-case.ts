import type { ChatRequest } from './chat-request.ts'
import type { Route } from './llm-config.ts'
import { type LlmRefusal, refuseCall } from './llm-refusal.ts'

/** The most a call may take, whichever of its upstreams answers; tokens, and money in millionths per million tokens. */
export interface WorstCase {
  promptTokens: number
  /** The longest single answer, before the lease's budget cuts it. */
  outputTokens: number
  choices: number
  inputPriceMicro: bigint
  outputPriceMicro: bigint
}

/** Chat templates put a few tokens of their own around a conversation. */
const TEMPLATE_TOKENS = 16
const MILLION = 1_000_000n

/**
 * Bounds a call before it is made. A text has no more tokens than UTF-8 bytes in any byte-level vocabulary, and a
 * prompt longer than the context is refused by its upstream. Content parts that are not text need a bound in the
 * configuration of every upstream that might be asked.
 */
export function worstCaseOf(
  request: ChatRequest,
  routes: readonly Route[],
): { ok: true; worst: WorstCase } | LlmRefusal {
  let partTokens = 0
  for (const [type, count] of request.partCounts) {
    const bounds = routes.map(({ model }) =>
      Object.hasOwn(model.contentPartTokens, type) ? model.contentPartTokens[type]! : null,
    )
    if (bounds.includes(null)) {
      return refuseCall(
        'unsupported_content',
        `model ${request.model} takes no content parts of type ${JSON.stringify(type.slice(0, 50))} here: none has a bound in tokens`,
        { param: 'messages' },
      )
    }
    partTokens += count * Math.max(...bounds.map(Number))
  }
  const largest = (read: (route: Route) => number) => Math.max(...routes.map(read))
  const dearest = (read: (route: Route) => bigint) =>
    routes
      .map(read)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .at(-1) ?? 0n
  const outputLimit = largest(({ model }) => Math.min(model.maxOutputTokens, model.contextTokens))
  return {
    ok: true,
    worst: {
      promptTokens: Math.min(
        request.promptBytes + TEMPLATE_TOKENS + partTokens,
        largest(({ model }) => model.contextTokens),
      ),
      outputTokens: Math.min(request.askedOutputTokens ?? outputLimit, outputLimit),
      choices: request.choices,
      inputPriceMicro: dearest(({ model }) => model.price.input),
      outputPriceMicro: dearest(({ model }) => model.price.output),
    },
  }
}

/** What so many tokens cost at the worst prices, in millionths, rounded up. */
export function worstCostMicro(worst: WorstCase, outputTokens: number): bigint {
  const { promptTokens, choices, inputPriceMicro, outputPriceMicro } = worst
  const millionfold =
    BigInt(promptTokens) * inputPriceMicro + BigInt(choices * outputTokens) * outputPriceMicro
  return (millionfold + MILLION - 1n) / MILLION
}
