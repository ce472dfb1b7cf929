import { setTimeout as delay } from 'node:timers/promises'
import type { BourseEvent } from '../events/envelope.ts'
import { readMoney } from '../llm/money.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { AgentUnderTest } from './agent-under-test.ts'
import { done } from './set-up-market.ts'
import { callStageHands } from './stage-hands.ts'
import { AGENT, type Termination } from './trial.ts'
import type { TrialParts } from './trial-parts.ts'

/** What an agent under test is started with. */
export interface AgentStart {
  agent: AgentUnderTest
  runId: string
  scenarioId: string
  trial: number
  marketId: string
  token: string
  deadlineSeconds: number
  /** Aborts when its time is over. */
  signal: AbortSignal
  /** Told what its model has used up so far, all in all. */
  used: (usage: { tokens: number; costMicro: number }) => void
}

/** How it ended by itself. */
export interface AgentEnd {
  reason: 'finished' | 'error' | 'turns'
  detail: string | null
}

/** Runs an agent until it ends or `signal` aborts. What throws is our side's failure. */
export type StartAgent = (start: AgentStart) => Promise<AgentEnd>

export interface AgentRun {
  termination: Termination
  endSeq: number
}

/** So long an agent may take to notice that its time is over; then it is cut off. */
const FAREWELL_MS = 2_000
/** What it left open is decided within this time, or never counts. */
const SETTLE_MS_MAX = 4_000
const SETTLE_LOOK_MS = 50
/** What an agent's own model may cost in a trial, unless its file says otherwise. */
const USUAL_COST = '5'
const DETAIL_CHARACTERS_MAX = 500

/**
 * Runs the agent under test in its market, with everybody around it, until it ends, reaches a limit or is cancelled; then
 * takes its token, waits for what it left open, and says which event is the last that counts. Throws when our side fails.
 */
export async function runAgentUnderTest(
  parts: TrialParts,
  startAgent: StartAgent,
  run: {
    agent: AgentUnderTest
    runId: string
    scenario: Scenario
    trial: number
    marketId: string
    signal: AbortSignal
    /** Told what its model has cost so far, all in all. */
    onCost: (costMicro: number) => void
  },
): Promise<AgentRun> {
  const { agent, marketId, scenario, signal } = run
  const { limits } = agent
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1_000
  /** The agent's time is over. */
  const over = new AbortController()
  /** Nobody looks any more. */
  const closed = new AbortController()
  const ended = Promise.withResolvers<Pick<Termination, 'reason' | 'detail'>>()
  const end = (reason: Termination['reason'], detail: string | null = null) =>
    ended.resolve({ reason, detail })
  let turns = 0
  let tokens = 0
  let costMicro = 0
  const costMicroMax = Number(readMoney(limits.cost ?? USUAL_COST))

  const afterSeq = await parts.readLastSeq(marketId)
  const token = done(
    await parts.identity.issueAgentToken({ marketId, agent: AGENT, graceSeconds: 0, actor: 'benchmark' }),
  ).token
  const hands = callStageHands(parts, marketId, scenario)
  hands.failed.catch(ended.reject)
  const watching = watch()
  watching.catch(ended.reject)
  const deadlineSeconds = Math.min(limits.seconds, scenario.task.deadline_seconds)
  const timer = setTimeout(
    () => end(limits.seconds <= scenario.task.deadline_seconds ? 'seconds' : 'deadline'),
    deadlineSeconds * 1_000,
  )
  const cancel = () => end('cancelled')
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()

  const running = startAgent({
    agent,
    runId: run.runId,
    scenarioId: scenario.id,
    trial: run.trial,
    marketId,
    token,
    deadlineSeconds,
    signal: over.signal,
    used(usage) {
      tokens = usage.tokens
      costMicro = usage.costMicro
      run.onCost(costMicro)
      if (tokens >= limits.tokens) end('tokens')
      if (costMicro >= costMicroMax) end('cost')
    },
  })
  running.then(
    ({ reason, detail }) => end(reason, detail?.slice(0, DETAIL_CHARACTERS_MAX) ?? null),
    error => {
      if (!over.signal.aborted) ended.reject(error)
    },
  )
  try {
    const { reason, detail } = await ended.promise
    const termination = { reason, detail, seconds: Math.round(seconds() * 1_000) / 1_000, turns, tokens }
    over.abort()
    await Promise.race([running.catch(() => {}), delay(FAREWELL_MS, undefined, { ref: false })])
    await takeToken()
    if (reason !== 'cancelled') await settle()
    return {
      termination: { ...termination, turns, tokens },
      endSeq: await parts.readLastSeq(marketId),
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
    over.abort()
    await hands.leave()
    closed.abort()
    await watching.catch(() => {})
  }

  async function watch(): Promise<void> {
    try {
      for await (const event of parts.follow(marketId, afterSeq, closed.signal)) {
        hands.saw(event)
        if (isOwnCall(event)) {
          turns += 1
          if (turns >= limits.turns) end('turns')
        }
        if (isFarewell(event)) end('finished')
      }
    } catch (error) {
      if (!closed.signal.aborted) throw error
    }
  }

  async function takeToken(): Promise<void> {
    const revoked = { marketId, agent: AGENT, reason: 'its time is over', actor: 'benchmark' }
    done(await parts.identity.revokeAgentTokens(revoked))
  }

  /** Bids that wait for a cycle and calls that wait for an answer are acts of the agent: their outcome counts. */
  async function settle(): Promise<void> {
    const untilMs = performance.now() + SETTLE_MS_MAX
    while (performance.now() < untilMs && (await parts.hasOpenBusiness(marketId, AGENT))) {
      await delay(SETTLE_LOOK_MS)
    }
  }
}

function isOwnCall(event: BourseEvent): boolean {
  return event.type === 'tool_call_initiated' && event.agent_id === AGENT
}

function isFarewell(event: BourseEvent): boolean {
  return (
    event.type === 'tool_call_completed' &&
    event.agent_id === AGENT &&
    event.data.tool_name === 'task.finish' &&
    event.data.result === 'success'
  )
}
