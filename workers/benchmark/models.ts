import { v7 as uuidV7 } from 'uuid'
import { closeMarket, type MarketClosing } from '../../shared/benchmark/close-market.ts'
import { SCRIPTED_JUDGE } from '../../shared/benchmark/judge.ts'
import { done } from '../../shared/benchmark/set-up-market.ts'
import { modelMarketId } from '../../shared/benchmark/trial.ts'
import { findLastingLease, readCallUsage } from '../../shared/db/llm/model-usage.ts'
import type { Database } from '../../shared/db/pool.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import { readChatRequest } from '../../shared/llm/chat-request.ts'
import { NO_SINK } from '../../shared/llm/chat-sink.ts'
import type { ChatAnswer, ChatCall } from '../../shared/llm/complete-chat.ts'
import { type LlmSetup, readLlmConfig } from '../../shared/llm/llm-config.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import { type ScriptedJudge, startScriptedJudge } from '../scripted-judge/server.ts'

type Complete = (call: ChatCall) => Promise<ChatAnswer>

/** An upstream of its own, beside those of the proxy. */
export interface OwnUpstream {
  baseUrl: string
  keyVariable?: string | undefined
  /** Money per million tokens; without it calls count as costing nothing. */
  price?: { input: string; output: string } | undefined
}

export interface AskedModel {
  runId: string
  /** Whose tokens it takes. */
  who: 'judge' | 'agent'
  /** The body of an OpenAI chat completion. */
  body: Record<string, unknown> & { model: string }
  upstream?: OwnUpstream | undefined
  signal: AbortSignal
}

export interface ModelAnswer {
  message: { content: string | null; tool_calls?: ToolCall[] }
  tokens: number
  costMicro: number
}

export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** Models for a benchmark's judges and agents. */
export interface BenchmarkModels {
  /** An answer in one piece. Throws ModelUnavailable when there is none. */
  ask(asked: AskedModel): Promise<ModelAnswer>
  /** Closes the markets in which a run's models have their tokens. */
  closeMarkets(runId: string): Promise<void>
  close(): Promise<void>
}

/** No model answered, for reasons that are not the agent's. */
export class ModelUnavailable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ModelUnavailable'
  }
}

const DAY_SECONDS = 86_400
/** A run is gone on with, or judged anew, this often at most. */
const MARKETS_MAX = 1_000
/** The lease that was known is over: its market was closed, or its tokens are used up. */
const LEASE_IS_OVER: ReadonlySet<string> = new Set(['token_expired', 'token_revoked', 'lease_tokens_used_up'])
/** A lease that would end during a call is not begun with. */
const LEASE_LEFT_SECONDS = 600
const TOKENS_PER_MINUTE = '1000000000'
const LEASED_SHARE = 0.2
/** An upstream of its own says nothing of sizes. */
const OWN_CONTEXT_TOKENS = 1_000_000
const OWN_OUTPUT_TOKENS = 100_000

/**
 * Models behind the core of the LLM proxy, each call charged to a lease in the run's own market for models, so that what
 * judging and thinking cost stays apart from what an agent does in its trial. The scripted judge is a server of this
 * process, started when it is first asked.
 */
export function createBenchmarkModels(parts: {
  db: Database
  economy: Economy
  complete: Complete
  closing: MarketClosing
  startCore: (setup: LlmSetup) => { complete: Complete; close(): Promise<void> }
}): BenchmarkModels {
  const { db, economy } = parts
  const cores = new Map<string, Promise<{ complete: Complete; close(): Promise<void> }>>()
  const leases = new Map<string, Promise<string>>()
  let scripted: Promise<ScriptedJudge> | undefined

  async function upstreamOf({ body, upstream, who }: AskedModel): Promise<OwnUpstream | undefined> {
    if (upstream !== undefined || who !== 'judge' || body.model !== SCRIPTED_JUDGE) return upstream
    scripted ??= startScriptedJudge()
    return { baseUrl: (await scripted).baseUrl }
  }

  async function completeOn(upstream: OwnUpstream | undefined, model: string): Promise<Complete> {
    if (upstream === undefined) return parts.complete
    const name = JSON.stringify([upstream, model])
    const core = cores.get(name) ?? Promise.resolve().then(() => parts.startCore(setupFor(upstream, model)))
    cores.set(name, core)
    return (await core).complete
  }

  async function leaseOf(runId: string, who: AskedModel['who']): Promise<string> {
    const name = `${runId}/${who}`
    const known = leases.get(name)
    if (known !== undefined) return await known
    const lease = lasting(runId, who)
    leases.set(name, lease)
    // One that failed is tried again, one that ends is replaced in time.
    const forget = () => leases.delete(name)
    lease.then(() => setTimeout(forget, LEASE_LEFT_SECONDS * 500).unref(), forget)
    return await lease
  }

  async function lasting(runId: string, who: AskedModel['who']): Promise<string> {
    const marketId = await openMarket(runId)
    const registered = await economy.registerAgent({ marketId, agent: who, creditsMicro: 1_000_000n })
    if (!registered.ok && registered.error.code !== 'agent_exists') done(registered)
    const found = await findLastingLease(db, marketId, who, LEASE_LEFT_SECONDS)
    if (found !== null) return found
    const bid = { amount: '0.000001', bundle: { tokens: LEASED_SHARE, durationSeconds: DAY_SECONDS } }
    const [verdict] = await economy.admitBids(marketId, [{ agent: who, bid, via: 'cli', actor: 'benchmark' }])
    if (!verdict!.ok) throw new Error(verdict!.error.message)
    const { cycle } = done(await economy.openCycle(marketId, null, `models/${uuidV7()}`))
    await economy.settleCycle(marketId, cycle)
    const won = await findLastingLease(db, marketId, who, LEASE_LEFT_SECONDS)
    if (won === null) throw new Error(`market ${marketId} has no tokens left for its ${who}`)
    return won
  }

  /** The first of a run's markets for models that is not closed; made when there is none. */
  async function openMarket(runId: string): Promise<string> {
    const settings = marketSettingsSchema.parse({
      displayName: `models of benchmark run ${runId}`,
      resources: [{ name: 'tokens', unit: 'tokens per minute', capacity: TOKENS_PER_MINUTE }],
      rules: { pricePeriodSeconds: DAY_SECONDS, minimumBid: '0.000001' },
    })
    for (let round = 1; round <= MARKETS_MAX; round++) {
      const marketId = modelMarketId(runId, round)
      const made = await economy.createMarket(marketId, settings)
      if (!made.ok && made.error.code !== 'market_exists') done(made)
      const { status } = done(await economy.findMarket(marketId))
      if (status === 'open') return marketId
    }
    throw new Error(`run ${runId} was gone on with more than ${MARKETS_MAX} times`)
  }

  async function complete(asked: AskedModel, request: ChatCall['request']) {
    const completeOne = await completeOn(await upstreamOf(asked), asked.body.model)
    const callId = uuidV7()
    const answer = await completeOne({
      callId,
      leaseId: await leaseOf(asked.runId, asked.who),
      request,
      headers: {},
      signal: asked.signal,
      sink: NO_SINK,
      traceparent: null,
    })
    return { callId, answer }
  }

  return {
    async ask(asked) {
      const read = readChatRequest(asked.body)
      if (!read.ok) throw new Error(read.message)
      let { callId, answer } = await complete(asked, read.request)
      if (!answer.ok && LEASE_IS_OVER.has(answer.code)) {
        leases.delete(`${asked.runId}/${asked.who}`)
        ;({ callId, answer } = await complete(asked, read.request))
      }
      if (!answer.ok) throw new ModelUnavailable(`model ${asked.body.model}: ${answer.message}`)
      if (answer.kind !== 'answered') {
        const told = answer.kind === 'refused_by_upstream' ? JSON.stringify(answer.body) : answer.kind
        throw new ModelUnavailable(`model ${asked.body.model} refused the request: ${told.slice(0, 500)}`)
      }
      const usage = await readCallUsage(db, callId)
      return { message: readMessage(answer.body), ...usage }
    },
    async closeMarkets(runId) {
      for (let round = 1; round <= MARKETS_MAX; round++) {
        const marketId = modelMarketId(runId, round)
        const found = await economy.findMarket(marketId)
        if (!found.ok) return
        if (found.status !== 'closed') await closeMarket(parts.closing, marketId)
      }
    },
    async close() {
      for (const core of cores.values()) await (await core).close()
      await (await scripted)?.close()
    },
  }
}

function setupFor({ baseUrl, keyVariable, price }: OwnUpstream, model: string): LlmSetup {
  const upstream = {
    name: 'benchmark',
    baseUrl,
    ...(keyVariable === undefined ? {} : { keyVariable }),
    models: [
      {
        name: model,
        contextTokens: OWN_CONTEXT_TOKENS,
        maxOutputTokens: OWN_OUTPUT_TOKENS,
        price: price ?? { input: '0', output: '0' },
      },
    ],
  }
  return readLlmConfig(JSON.stringify({ upstreams: [upstream] }), process.env)
}

/** The first choice's message; what has none is as good as silence. Servers send content that is no text, too. */
function readMessage(body: Buffer): ModelAnswer['message'] {
  const completion = JSON.parse(body.toString()) as { choices?: { message?: Record<string, unknown> }[] }
  const { content = null, tool_calls: calls } = completion?.choices?.[0]?.message ?? {}
  const text = content === null || typeof content === 'string' ? content : JSON.stringify(content)
  return { content: text, ...(Array.isArray(calls) ? { tool_calls: calls.filter(isToolCall) } : {}) }
}

function isToolCall(call: unknown): call is ToolCall {
  const asked = (call as Partial<ToolCall> | null)?.function
  return typeof asked?.name === 'string'
}
