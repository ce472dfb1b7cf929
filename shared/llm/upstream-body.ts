import type { ChatRequest } from './chat-request.ts'
import type { Route } from './llm-config.ts'

/**
 * The body for one upstream: what the caller sent, with the model as the upstream names it, the answer's limit cut to
 * what was set aside, and the usage asked for in a stream.
 */
export function upstreamBody(request: ChatRequest, { upstream, model }: Route, outputTokens: number): string {
  const { body } = request
  const limit = Math.min(outputTokens, model.maxOutputTokens)
  const given = ['max_tokens', 'max_completion_tokens'].filter(name => (body[name] ?? null) !== null)
  const limits = Object.fromEntries(
    (given.length === 0 ? [upstream.maxTokensParameter] : given).map(name => [
      name,
      Math.min((body[name] as number | null | undefined) ?? limit, limit),
    ]),
  )
  const usage = request.stream
    ? { stream_options: { ...(body.stream_options as object | null | undefined), include_usage: true } }
    : {}
  return JSON.stringify({ ...body, model: model.upstreamName ?? model.name, ...limits, ...usage })
}
