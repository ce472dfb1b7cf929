import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import type { Economy } from '../../shared/economy/economy.ts'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import type { Program } from '../../shared/program/program.ts'
import { readProgramFolder } from '../../shared/program/read-program-folder.ts'
import { scoreByUpdate } from '../temporal/prompt-workflow.ts'

/** Agents that run programs of their own, folders in `agents/`, on what is won for them. */
const RUNNERS: Record<string, { program: string; feat: Feat; bundle: Record<string, number> }> = {
  sela: { program: 'seller', feat: 'sold', bundle: { cpu: 0.1, memory: 0.06, durationSeconds: 15 } },
  bert: { program: 'buyer', feat: 'sold', bundle: { cpu: 0.1, memory: 0.06, durationSeconds: 15 } },
  paula: { program: 'parent', feat: 'spawned', bundle: { cpu: 0.1, memory: 0.06, durationSeconds: 10 } },
  asta: {
    program: 'asker',
    feat: 'rewarded',
    bundle: { cpu: 0.1, memory: 0.06, attention: 0.2, durationSeconds: 10 },
  },
  theo: {
    program: 'thinker',
    feat: 'thought',
    bundle: { cpu: 0.2, memory: 0.1, tokens: 0.05, durationSeconds: 15 },
  },
}
/** Bids for nothing until somebody bids for it. */
const SLEEPER = 'sol'
const WAKER = 'paula'
/** Comes with nothing, and nobody gives it anything. */
const PAUPER = 'nemo'
const CREDITS = { runner: 2_000, sleeper: 100, pauper: 0 }
/** More than any trader offers, so that they win as soon as there is room. */
const OFFER = 120
const WAKING = { amount: '60', bundle: { cpu: 0.05, memory: 0.05, durationSeconds: 3 } }
const DOUBLINGS_MAX = 3
const SCORES = { interesting: 7, useful: 8, understandable: 6 }

/** Everything that the residents are to show, in words that follow "nobody was ever". */
const FEATS = {
  dormant: 'dormant for a while',
  awake: 'woken by another',
  dead: 'dead for want of credits',
  ran: 'at work in a sandbox to its own end',
  thought: 'helped by a model inside a sandbox',
  sold: 'paid for a service',
  spawned: 'spawned',
  rewarded: 'rewarded by a person',
} as const
type Feat = keyof typeof FEATS
const BY_PROGRAMS: readonly Feat[] = ['ran', 'thought', 'sold', 'spawned', 'rewarded']

/** The demo's second half: agents that run programs, live and die. */
export interface Residents {
  /** Takes note of what happened and acts on it; answers what is to be told to people, if anything. */
  onEvent(event: BourseEvent): string | null
  /** What nobody showed yet. */
  missing(): string[]
  /** What could not be shown without a sandbox; empty with one. */
  leftOut(): string[]
  /** Waits for what it began; throws when something of that failed. */
  finish(): Promise<void>
}

/** Settles the residents in a market. Without a sandbox their programs are not run, which is said. */
export async function settleResidents({
  economy,
  client,
  taskQueue,
  marketId,
  hasSandbox,
}: {
  economy: Economy
  client: Client
  taskQueue: string
  marketId: string
  hasSandbox: boolean
}): Promise<Residents> {
  const seen = new Set<Feat>()
  const begun: Promise<unknown>[] = []
  const begin = (what: Promise<unknown>) => {
    what.catch(() => {})
    begun.push(what)
  }
  const settle = async (agent: string, credits: number, program?: Program) => {
    const creditsMicro = BigInt(credits) * 1_000_000n
    const added = await economy.registerAgent({ marketId, agent, creditsMicro, ...(program && { program }) })
    if (!added.ok) throw new Error(added.error.message)
  }
  const bid = async (agent: string, content: object) => {
    const submission = { agent, bid: content, via: 'cli' as const, actor: 'demo' }
    const [verdict] = await economy.admitBids(marketId, [submission])
    if (!verdict!.ok) throw new Error(`the bid of ${agent} was refused: ${verdict!.error.message}`)
  }
  const leases = new Map<string, number>()
  /** Each lease is twice as long as the one before it: on a busy machine a program may not get to its end in the first. */
  const work = (agent: string) => {
    const before = leases.get(agent) ?? 0
    leases.set(agent, before + 1)
    const { durationSeconds, ...shares } = RUNNERS[agent]!.bundle
    const bundle = { ...shares, durationSeconds: durationSeconds! * 2 ** Math.min(before, DOUBLINGS_MAX) }
    return bid(agent, { amount: String(OFFER), bundle, goodTillCancelled: true })
  }

  const programOf = (name: string) => (hasSandbox ? readProgram(name) : undefined)
  for (const [agent, { program }] of Object.entries(RUNNERS))
    await settle(agent, CREDITS.runner, programOf(program))
  await settle(SLEEPER, CREDITS.sleeper, programOf('sleeper'))
  await settle(PAUPER, CREDITS.pauper)
  // It is refused for lack of balance, whatever becomes of the others.
  await economy.admitBids(marketId, [{ agent: PAUPER, bid: WAKING, via: 'cli', actor: 'demo' }])
  if (hasSandbox) for (const agent of Object.keys(RUNNERS)) await work(agent)

  const wanted = (Object.keys(FEATS) as Feat[]).filter(feat => hasSandbox || !BY_PROGRAMS.includes(feat))
  const missing = () => wanted.filter(feat => !seen.has(feat)).map(feat => FEATS[feat])
  return {
    missing,
    leftOut: () => (hasSandbox ? [] : BY_PROGRAMS.map(feat => FEATS[feat])),
    onEvent(event) {
      const news = noteFeat(seen, event)
      if (event.type === 'agent_dormant' && event.agent_id === SLEEPER && !seen.has('awake')) {
        begin(bid(WAKER, { ...WAKING, onBehalfOf: SLEEPER, goodTillCancelled: true }))
      }
      if (event.type === 'prompt_opened') {
        const { prompt_id: promptId } = event.data
        const prompt = { promptId, marketId, agent: event.agent_id! }
        begin(scoreByUpdate(client, taskQueue, prompt, { ...SCORES, actor: 'demo' }))
      }
      const runner = event.type === 'lease_ended' ? RUNNERS[event.agent_id!] : undefined
      if (hasSandbox && runner !== undefined && !seen.has(runner.feat)) begin(work(event.agent_id!))
      return news
    },
    async finish() {
      await Promise.all(begun)
    },
  }
}

/** Remembers a feat, and tells it when it is the first of its kind. */
function noteFeat(seen: Set<Feat>, event: BourseEvent): string | null {
  const noted = featOf(event)
  if (noted === null || seen.has(noted.feat)) return null
  seen.add(noted.feat)
  return noted.news
}

function featOf(event: BourseEvent): { feat: Feat; news: string } | null {
  const agent = event.agent_id
  switch (event.type) {
    case 'agent_dormant':
      return agent === SLEEPER
        ? { feat: 'dormant', news: `${agent} has nothing to do and falls dormant` }
        : null
    case 'agent_awake':
      return agent === SLEEPER
        ? { feat: 'awake', news: `${agent} is woken by a win of ${event.data.waker_id}` }
        : null
    case 'agent_died':
      return agent === PAUPER
        ? { feat: 'dead', news: `${agent} came with nothing, found nothing, and is dead` }
        : null
    case 'execution_terminated': {
      if (event.data.reason !== 'finished' || event.data.exit_code !== 0) return null
      return agent === 'theo'
        ? { feat: 'thought', news: `${agent}'s program in Python asked a model, inside its sandbox` }
        : { feat: 'ran', news: `${agent}'s program in Node ran to its end, inside its sandbox` }
    }
    case 'service_invoked': {
      const { provider_agent: provider, caller_agent: caller, service_name: service, cost } = event.data
      if (event.data.result !== 'success') return null
      return { feat: 'sold', news: `${provider} sells a ${service} to ${caller} for ${cost} credits` }
    }
    case 'agent_spawned': {
      const { parent_id: parent, child_id: child, initial_balance: given } = event.data
      return { feat: 'spawned', news: `${parent} spawns ${child} with ${given} credits` }
    }
    case 'human_reward_issued':
      return {
        feat: 'rewarded',
        news: `a person scores ${agent}'s prompt: ${event.data.credits_awarded} credits`,
      }
    default:
      return null
  }
}

function readProgram(name: string): Program {
  const read = readProgramFolder(fileURLToPath(new URL(`../../agents/${name}`, import.meta.url)))
  if (!read.ok) throw new Error(read.error.message)
  return read.program
}
