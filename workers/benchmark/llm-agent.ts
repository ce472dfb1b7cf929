import type { AgentUnderTest } from '../../shared/benchmark/agent-under-test.ts'
import type { AgentEnd, AgentStart } from '../../shared/benchmark/run-agent.ts'
import { modelTools, operationOf } from '../../shared/benchmark/tools.ts'
import type { AgentConnection } from '../../shared/bus/agent-connection.ts'
import type { BenchmarkModels, ToolCall } from './models.ts'

type LlmAgent = Extract<AgentUnderTest, { kind: 'llm' }>

const USUAL_PROMPT =
  'You are an agent in an economy in which agents bid credits for resources. You act by your tools alone. Look at your ' +
  'situation before you decide, tell how you came to your decision with trace-reasoning, act on it, and end with task-finish.'
/** Of an answer of the market a model reads at most so much. */
const REPLY_CHARACTERS_MAX = 16_000
/** The platform takes up to two minutes to test a program. */
const TIMEOUT_MS = 130_000

/** Lets a language model act by the operations of the gateway, until it ends by itself or asks for nothing more. */
export async function runLlmAgent(
  agent: LlmAgent,
  connection: AgentConnection,
  models: BenchmarkModels,
  { runId, signal, used }: AgentStart,
): Promise<AgentEnd> {
  const task = await connection.request('task.get', {})
  const tools = modelTools()
  const messages: Record<string, unknown>[] = [
    { role: 'system', content: agent.systemPrompt ?? USUAL_PROMPT },
    { role: 'user', content: `Your task: ${JSON.stringify(task)}` },
  ]
  let tokens = 0
  let costMicro = 0
  for (let turn = 1; turn <= agent.limits.turns && !signal.aborted; turn++) {
    const { keyVariable, baseUrl, price } = agent
    const answer = await models.ask({
      runId,
      who: 'agent',
      body: {
        model: agent.model,
        temperature: agent.temperature,
        max_tokens: agent.maxOutputTokens,
        messages,
        tools,
      },
      upstream: baseUrl === undefined ? undefined : { baseUrl, keyVariable, price },
      signal,
    })
    tokens += answer.tokens
    costMicro += answer.costMicro
    used({ tokens, costMicro })
    const { content, tool_calls: calls = [] } = answer.message
    if (calls.length === 0) return { reason: 'finished', detail: content }
    messages.push({ role: 'assistant', content, tool_calls: calls })
    for (const call of calls) {
      if (signal.aborted) break
      const reply = await answerCall(connection, call)
      messages.push({ role: 'tool', tool_call_id: call.id, content: reply.slice(0, REPLY_CHARACTERS_MAX) })
      if (operationOf(call.function.name) === 'task.finish') return { reason: 'finished', detail: content }
    }
  }
  return { reason: 'turns', detail: null }
}

/** What a tool answers a model; nonsense is answered too, as the market would. */
async function answerCall(connection: AgentConnection, { function: asked }: ToolCall): Promise<string> {
  const operation = operationOf(asked.name)
  if (operation === null) return refusal('unknown_operation', `there is no tool ${asked.name.slice(0, 60)}`)
  let request: unknown
  try {
    request = JSON.parse(asked.arguments || '{}')
  } catch {
    return refusal('invalid_json', 'the arguments are not JSON')
  }
  return JSON.stringify(await connection.request(operation, request as never, { timeoutMs: TIMEOUT_MS }))
}

function refusal(code: string, message: string): string {
  return JSON.stringify({ ok: false, error: { code, message } })
}
