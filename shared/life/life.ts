import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { MarketRules } from '../market/rules.ts'
import { formatCredits, readCredits } from '../money/credits.ts'

export type LifeStatus = 'alive' | 'dormant' | 'dead'
export type DormantReason = 'voluntary' | 'insufficient_credits'

/** What decides how an agent's life goes on; times in milliseconds. */
export interface Living {
  name: string
  status: LifeStatus
  /** Null unless it is dormant. */
  dormantReason: DormantReason | null
  frozen: boolean
  availableMicro: bigint
  heldMicro: bigint
  /** Unless it has an open bid it is idle from then on: its leases are over, and its state is what it is. */
  idleFromMs: number
  /** When its life is to be judged; null: nothing happens to it by time alone. */
  judgeAtMs: number | null
}

export interface LifeRules {
  dormantAfterMs: number
  minimumBidMicro: bigint
  mortality: boolean
}

/** What an agent without open bids and leases still waits for. */
export interface Waiting {
  /** A bid is open that it pays for or would get the lease of. */
  openBid: boolean
  /** A prompt of its own is open, or a hold. */
  promptOrHold: boolean
  /** It has been asked for a service, and may be paid. */
  asked: boolean
}

/** The default of `dormantAfterSeconds`: ten cycles, but no less than this. */
const DEFAULT_CYCLES = 10
const DEFAULT_SECONDS_MIN = 10

/** Judgements by time fall on whole seconds, so that a market looks at its idle agents once a second at most. */
const JUDGE_EVERY_MS = 1000

/** A market's rules of life. Markets made before there was mortality have none. */
export function lifeRulesOf(rules: MarketRules): LifeRules {
  const { dormantAfterSeconds = null, mortality = false } = rules as Partial<MarketRules>
  const seconds = dormantAfterSeconds ?? Math.max(DEFAULT_CYCLES * rules.cycleSeconds, DEFAULT_SECONDS_MIN)
  const minimum = readCredits(rules.minimumBid)
  return {
    dormantAfterMs: Math.round(seconds * 1000),
    minimumBidMicro: minimum.ok ? minimum.micro : 1n,
    mortality,
  }
}

/** Whether a change of these rules may change when agents fall dormant or die. */
export function changesLives(changed: readonly (keyof MarketRules)[]): boolean {
  const rules: (keyof MarketRules)[] = ['dormantAfterSeconds', 'mortality', 'minimumBid', 'cycleSeconds']
  return changed.some(rule => rules.includes(rule))
}

/** Has an agent judged that is dormant for want of credits and has just lost its last. */
export function judgeWhenBroke(agent: Living, nowMs: number): void {
  if (agent.dormantReason === 'insufficient_credits' && balanceOf(agent) === 0n) agent.judgeAtMs ??= nowMs
}

/** Remembers that an agent had an open bid or a lease until `untilMs`, and when that is to be judged. */
export function restFrom(agent: Living, rules: LifeRules, untilMs: number): void {
  agent.idleFromMs = Math.max(agent.idleFromMs, untilMs)
  judgeInTime(agent, rules)
}

/** Corrects until when an agent that is alive was busy: a lease that it counted on ended early. */
export function restEarlier(agent: Living, rules: LifeRules, untilMs: number): void {
  if (agent.status !== 'alive') return
  agent.idleFromMs = untilMs
  judgeInTime(agent, rules)
}

/** Has an agent judged no later than when something may become of it. */
export function judgeInTime(agent: Living, rules: LifeRules): void {
  const dueMs = dueAtMs(agent, rules)
  if (dueMs === null) return
  if (agent.judgeAtMs === null || dueMs < agent.judgeAtMs) agent.judgeAtMs = wholeSecond(dueMs, agent, rules)
}

/** When a new agent is judged first, however little it has: it is given time. */
export function firstJudgementMs(rules: LifeRules, bornMs: number): number {
  return nextSecond(bornMs + rules.dormantAfterMs)
}

/**
 * Judges an agent whose time has come, and changes it. Idle, it falls dormant: at once with less than the market's
 * minimum bid, else after `dormantAfterSeconds`. Dormant for want of credits and with none at all, it dies after as long
 * again, unless it still waits for something that may bring it credits.
 */
export function judge(
  agent: Living,
  rules: LifeRules,
  waiting: Waiting,
  nowMs: number,
): 'dormant' | 'dead' | null {
  agent.judgeAtMs = null
  // What ends its bids has it judged again; so does what ends a prompt or a hold without credits.
  if (waiting.openBid) return null
  const dueMs = dueAtMs(agent, rules)
  if (dueMs === null) return null
  if (agent.status === 'alive') {
    if (dueMs <= nowMs) {
      agent.status = 'dormant'
      agent.dormantReason = isPoor(agent, rules) ? 'insufficient_credits' : 'voluntary'
      agent.idleFromMs = nowMs
      judgeInTime(agent, rules)
      return 'dormant'
    }
    judgeInTime(agent, rules)
    return null
  }
  if (waiting.promptOrHold) return null
  if (dueMs <= nowMs && !waiting.asked) {
    agent.status = 'dead'
    agent.dormantReason = null
    return 'dead'
  }
  agent.judgeAtMs = nextSecond(Math.max(dueMs, nowMs + rules.dormantAfterMs))
  return null
}

/** Makes an agent alive, whatever it was; it is idle from `nowMs` on. */
export function awaken(agent: Living, rules: LifeRules, nowMs: number): void {
  agent.status = 'alive'
  agent.dormantReason = null
  agent.idleFromMs = Math.max(agent.idleFromMs, nowMs)
  agent.judgeAtMs = firstJudgementMs(rules, agent.idleFromMs)
}

/** Tells what became of an agent. */
export function judgementEvent(operation: string, agent: Living, became: 'dormant' | 'dead'): EventDraft {
  const context = { agent: agent.name, correlationId: `life/${agent.name}` }
  const final_balance = formatCredits(balanceOf(agent))
  return became === 'dead'
    ? draftEvent(operation, 'agent_died', { final_balance, reason: 'insufficient_credits' }, context)
    : draftEvent(operation, 'agent_dormant', { final_balance, reason: agent.dormantReason! }, context)
}

/** When an agent without open bids changes by itself; null: never. */
function dueAtMs(agent: Living, rules: LifeRules): number | null {
  if (agent.frozen || agent.status === 'dead') return null
  const latestMs = agent.idleFromMs + rules.dormantAfterMs
  if (agent.status === 'alive') return isPoor(agent, rules) ? agent.idleFromMs : latestMs
  const isDying = rules.mortality && agent.dormantReason === 'insufficient_credits' && balanceOf(agent) === 0n
  return isDying ? latestMs : null
}

function isPoor(agent: Living, rules: LifeRules): boolean {
  return balanceOf(agent) < rules.minimumBidMicro
}

function balanceOf(agent: Living): bigint {
  return agent.availableMicro + agent.heldMicro
}

/** What falls due with the end of a lease is judged with it, anything else on the next whole second. */
function wholeSecond(dueMs: number, agent: Living, rules: LifeRules): number {
  return agent.status === 'alive' && isPoor(agent, rules) ? dueMs : nextSecond(dueMs)
}

function nextSecond(atMs: number): number {
  return Math.ceil(atMs / JUDGE_EVERY_MS) * JUDGE_EVERY_MS
}
