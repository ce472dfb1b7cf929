import { afterEach } from 'vitest'
import { createUpstreamClient } from '../../../shared/http/upstream-client.ts'
import { readChatRequest } from '../../../shared/llm/chat-request.ts'
import type { CircuitChange } from '../../../shared/llm/circuit.ts'
import { type CallRecord, type ChatAnswer, completeChat } from '../../../shared/llm/complete-chat.ts'
import { systemClock } from '../../../shared/llm/llm-clock.ts'
import { type LlmSetup, readLlmConfig } from '../../../shared/llm/llm-config.ts'
import { createUpstreams } from '../../../shared/llm/upstream.ts'
import type { Behaviour } from '../../../workers/scripted-upstream/behaviour.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../../workers/scripted-upstream/server.ts'
import { createMemoryLlmStore, type MemoryLlmStore } from './memory-llm-store.ts'

export const KEY = 'sk-test-0123456789abcdef'
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A scripted upstream that ends with the test. */
export async function scripted(...script: Partial<Behaviour>[]): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream(script.length === 0 ? {} : { script })
  closing.push(upstream.close)
  return upstream
}

/** A configuration with these upstreams, named `first`, `second`, ..., each serving `small`; times are short. */
export function setupOf(baseUrls: readonly string[], more: object = {}, upstreamMore: object = {}): LlmSetup {
  const names = ['first', 'second', 'third']
  const config = {
    upstreams: baseUrls.map((baseUrl, place) => ({
      name: names[place],
      baseUrl,
      keyVariable: 'TEST_KEY',
      timeouts: { connectMs: 500, firstTokenMs: 300, idleMs: 300, totalMs: 2_000 },
      models: [
        { name: 'small', contextTokens: 8_000, maxOutputTokens: 1_000, price: { input: '1', output: '2' } },
      ],
      ...upstreamMore,
    })),
    retry: { attemptsPerUpstream: 3, firstDelayMs: 5, maxDelayMs: 20, totalMs: 3_000 },
    circuit: { failureRatio: 0.5, windowSeconds: 30, minimumCalls: 5, openSeconds: 60 },
    ...more,
  }
  return readLlmConfig(JSON.stringify(config), { TEST_KEY: KEY })
}

export interface Told {
  answer: ChatAnswer
  /** What the sink was written. */
  text: string
  record: CallRecord
}

/** The core on real upstreams and a store in memory with one lease. */
export function llmOn(setup: LlmSetup, store: MemoryLlmStore = createMemoryLlmStore(100_000)) {
  const changes: ({ upstream: string } & CircuitChange)[] = []
  const client = createUpstreamClient(setup.config)
  closing.push(client.close)
  const upstreams = createUpstreams(setup.config.upstreams, setup.config.circuit, (upstream, change) =>
    changes.push({ upstream, ...change }),
  )
  const records = new Map<string, CallRecord>()
  const deps = {
    setup,
    upstreams,
    client,
    clock: systemClock,
    store,
    onCallEnded: (record: CallRecord) => void records.set(record.call.callId, record),
    onUnsettled: (_: string, error: unknown) => {
      throw error
    },
  }

  async function ask(
    fields: object = {},
    { signal = new AbortController().signal, onWrite = (_: string) => {}, leaseId = 'lease' } = {},
  ): Promise<Told> {
    const body = { model: 'small', messages: [{ role: 'user', content: 'say something' }], ...fields }
    const read = readChatRequest(body)
    if (!read.ok) throw new Error(read.message)
    let text = ''
    const callId = crypto.randomUUID()
    const answer = await completeChat(deps, {
      callId,
      leaseId,
      request: read.request,
      headers: {},
      signal,
      traceparent: null,
      sink: {
        begin() {},
        async write(bytes) {
          text += Buffer.from(bytes).toString()
          onWrite(text)
        },
      },
    })
    return { answer, text, record: records.get(callId)! }
  }
  return { ask, deps, store, upstreams, changes, budget: () => store.budgets.get('lease')! }
}

/** The data of a stream's events. */
export function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .filter(block => block !== '')
    .map(block => block.replace(/^data: /, ''))
}
