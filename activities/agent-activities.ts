import { createHash } from 'node:crypto'
import type { BidVerdict } from '../shared/bid/admission.ts'
import { readBidMessage } from '../shared/bid/bid-message.ts'
import { readBidRequest } from '../shared/bid/bid-request.ts'
import type { BidSubmission, Economy } from '../shared/economy/economy.ts'
import { type Outcome, refuse } from '../shared/economy/refusal.ts'
import type { AgentGlance, Glances } from '../shared/market/glances.ts'
import { acceptedOrFail } from './refusal-failure.ts'

/** A signal or update as it came, and the key its sender's workflow gave it. */
export interface AgentMessage {
  kind: 'bid' | 'cancel'
  via: 'signal' | 'update'
  key: string
  message: unknown
  /** The trace of whoever sent it. */
  traceparent?: string
}

type OneAnswer = BidVerdict | Outcome<{ bidId: string; status: string }>

/** The verdict of one bid or cancel; of a message with several bids, theirs in order. */
export type MessageAnswer = OneAnswer | { verdicts: OneAnswer[] }

/** What became of messages, in their order. */
export interface AnsweredMessages {
  answers: MessageAnswer[]
  marketIsClosed: boolean
  /** For each answer of each message the key under which its sender may look for it, null without one. */
  ownKeys?: (string | null)[][]
  /** How the agent stands afterwards, for people to see. */
  glance?: AgentGlance | null
}

/** What the `agent` workflow does to the economy. */
export interface AgentActivities {
  findAgent(input: { marketId: string; agent: string }): Promise<{ exists: boolean }>
  answerMessages(input: {
    marketId: string
    agent: string
    messages: AgentMessage[]
  }): Promise<AnsweredMessages>
}

/** Keys longer than this are stored as their hash. */
const MAX_PLAIN_KEY_LENGTH = 150

/** Makes the agents' activities on an economy. */
export function createAgentActivities({
  economy,
  glances,
}: {
  economy: Economy
  glances: Glances
}): AgentActivities {
  return {
    async findAgent({ marketId, agent }) {
      return acceptedOrFail(await economy.findAgent(marketId, agent))
    },

    async answerMessages({ marketId, agent, messages }) {
      const answers: MessageAnswer[] = []
      for (const run of runsOfOneKind(messages)) {
        if (run[0]!.kind === 'bid') answers.push(...(await admitMessages(economy, marketId, agent, run)))
        else for (const { message } of run) answers.push(await cancel(economy, marketId, agent, message))
      }
      const { status } = acceptedOrFail(await economy.findMarket(marketId))
      return {
        answers,
        marketIsClosed: status === 'closed',
        ownKeys: messages.map(({ message }) => readBidMessage(message).bids.map(ownKeyOf)),
        glance: await glances.agent(marketId, agent),
      }
    },
  }
}

/** Bids that follow each other are admitted as one batch; a cancel between them keeps its place. */
function runsOfOneKind(messages: readonly AgentMessage[]): AgentMessage[][] {
  const runs: AgentMessage[][] = []
  for (const message of messages) {
    const last = runs.at(-1)
    if (last !== undefined && last[0]!.kind === message.kind) last.push(message)
    else runs.push([message])
  }
  return runs
}

async function admitMessages(
  economy: Economy,
  marketId: string,
  agent: string,
  messages: readonly AgentMessage[],
): Promise<MessageAnswer[]> {
  const read = messages.map(({ message }) => readBidMessage(message))
  const submissions = messages.flatMap(({ key, via, traceparent }, place) =>
    read[place]!.bids.map(
      (bid, index): BidSubmission => ({
        agent,
        bid: withKey(bid, `${key}:${index}`),
        via,
        actor: `agent/${agent}`,
        // Each bid has a trace of its own: those of a list do not share their message's.
        traceparent: read[place]!.isList ? null : (traceparent ?? null),
      }),
    ),
  )
  const verdicts = await economy.admitBids(marketId, submissions)
  let next = 0
  return read.map(({ bids, isList }) => {
    const own = verdicts.slice(next, next + bids.length)
    next += bids.length
    return isList ? { verdicts: own } : own[0]!
  })
}

/** A bid's own key stands; one without gets the key of its place, so that a retry is the same operation. */
function withKey(bid: unknown, key: string): unknown {
  if (typeof bid !== 'object' || bid === null || Array.isArray(bid) || 'key' in bid) return bid
  const isPlain = key.length <= MAX_PLAIN_KEY_LENGTH
  return { ...bid, key: isPlain ? key : createHash('sha256').update(key).digest('hex') }
}

/** The key a bid carries, when it may be one. */
function ownKeyOf(bid: unknown): string | null {
  const read = readBidRequest(bid)
  return read.ok ? read.request.key : null
}

async function cancel(
  economy: Economy,
  marketId: string,
  agent: string,
  message: unknown,
): Promise<OneAnswer> {
  const isObject = typeof message === 'object' && message !== null
  const bidId =
    isObject && Object.keys(message).length === 1 && 'bidId' in message ? message.bidId : undefined
  if (typeof bidId !== 'string')
    return refuse('invalid_cancel', 'bidId: a cancel is {"bidId": "<uuid>"}', 'bidId')
  return await economy.cancelBid({ marketId, agent, bidId })
}
