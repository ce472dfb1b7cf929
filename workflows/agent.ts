import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { AgentActivities, MessageAnswer } from '../activities/agent-activities.ts'
import {
  type AgentInput,
  type AgentState,
  type AgentVerdict,
  agentWorkflowId,
  type CarriedAgent,
  queries,
  signals,
  updates,
} from '../shared/contracts/workflows.ts'
import { invalidInput, readInput, readName, requireWorkflowId } from './input.ts'

const { findAgent, answerMessages } = proxyActivities<AgentActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
})

export const placeBid = defineSignal<[unknown?]>(signals.placeBid)
export const cancelBid = defineSignal<[unknown?]>(signals.cancelBid)
export const placeBidNow = defineUpdate<MessageAnswer, [unknown?]>(updates.placeBid)
export const state = defineQuery<AgentState>(queries.state)

/** Messages answered together, at most this many and this large: what an activity is given stays small. */
const MAX_MESSAGES_PER_BATCH = 50
const MAX_BATCH_CHARACTERS = 262_144
/** A message larger than this is refused unread. */
const MAX_MESSAGE_CHARACTERS = 65_536
/** The newest verdicts kept for the query. */
const MAX_VERDICTS = 100
/** A run that took this many signals continues as a new one. */
const MAX_SIGNALS_PER_RUN = 1_000

interface Waiting {
  kind: 'bid' | 'cancel'
  via: 'signal' | 'update'
  key: string
  message: unknown
  characters: number
  answer?: MessageAnswer
}

/**
 * An agent's front door: takes bids and cancels in the order they came, has them admitted, and keeps the newest
 * verdicts to be asked for. It holds no truth; what it forgets stands in Postgres.
 */
export async function agent(input?: AgentInput): Promise<AgentState> {
  const { marketId, name, carried } = readAgentInput(input)
  requireWorkflowId(agentWorkflowId(marketId, name))
  const firstRunId = workflowInfo().firstExecutionRunId
  const inbox: Waiting[] = []
  const verdicts: AgentVerdict[] = carried.verdicts
  let { signals: signalsSeen, nonsense } = carried
  const signalsBefore = signalsSeen
  let isOver = false

  const queue = (one: Omit<Waiting, 'characters'>): Waiting => {
    const characters = JSON.stringify(one.message)?.length ?? 0
    const isTooLarge = characters > MAX_MESSAGE_CHARACTERS
    const waiting = isTooLarge
      ? {
          ...one,
          message: { unreadable: `${characters} characters are more than ${MAX_MESSAGE_CHARACTERS}` },
          characters: 0,
        }
      : { ...one, characters }
    inbox.push(waiting)
    return waiting
  }
  setHandler(
    placeBid,
    message => {
      queue({ kind: 'bid', via: 'signal', key: `${firstRunId}:${signalsSeen++}`, message })
    },
    {
      description:
        'Place a bid: {"amount": "25", "bundle": {"cpu": 0.1, "durationSeconds": 10}}, or {"bids": [...]}.',
    },
  )
  setHandler(
    cancelBid,
    message => {
      queue({ kind: 'cancel', via: 'signal', key: `${firstRunId}:${signalsSeen++}`, message })
    },
    { description: 'Cancel a pending bid: {"bidId": "..."}.' },
  )
  setHandler(
    placeBidNow,
    async message => {
      const waiting = queue({ kind: 'bid', via: 'update', key: currentUpdateInfo()!.id, message })
      await condition(() => waiting.answer !== undefined)
      return waiting.answer!
    },
    { description: 'Place a bid and get its verdict; takes what the signal placeBid takes.' },
  )
  setHandler(state, describeState, { description: 'Counters and the newest verdicts.' })

  const { exists } = await findAgent({ marketId, agent: name })
  if (!exists && inbox.length === 0) throw unknownAgent(marketId, name)
  while (!isOver || inbox.length > 0) {
    await condition(() => inbox.length > 0 || shouldContinueAsNew())
    if (inbox.length > 0) {
      await answerBatch()
      setCurrentDetails(describeAgent())
    } else {
      await condition(allHandlersFinished)
      if (inbox.length === 0) {
        await continueAsNew<typeof agent>({
          marketId,
          agent: name,
          carried: { signals: signalsSeen, nonsense, verdicts },
        })
      }
    }
  }
  await condition(allHandlersFinished)
  return describeState()

  async function answerBatch(): Promise<void> {
    const batch = nextBatch(inbox)
    const answered = await answerMessages({
      marketId,
      agent: name,
      messages: batch.map(({ kind, via, key, message }) => ({ kind, via, key, message })),
    })
    inbox.splice(0, batch.length)
    batch.forEach((waiting, place) => {
      const answer = answered.answers[place]!
      waiting.answer = answer
      const list = 'verdicts' in answer ? answer.verdicts : [answer]
      verdicts.push(...list.map((verdict, index) => ({ key: `${waiting.key}:${index}`, verdict })))
      nonsense += list.filter(one => !one.ok && one.error.code === 'invalid_bid').length
    })
    verdicts.splice(0, Math.max(0, verdicts.length - MAX_VERDICTS))
    isOver = answered.marketIsClosed || !exists
  }

  function shouldContinueAsNew(): boolean {
    return workflowInfo().continueAsNewSuggested || signalsSeen - signalsBefore >= MAX_SIGNALS_PER_RUN
  }

  function describeState(): AgentState {
    return { marketId, agent: name, waiting: inbox.length, signals: signalsSeen, nonsense, verdicts }
  }

  function describeAgent(): string {
    const last = verdicts.at(-1)?.verdict
    const told =
      last === undefined
        ? 'nothing yet'
        : last.ok
          ? `bid ${last.bidId} is ${last.status}`
          : last.error.message
    return `Agent ${name} of market ${marketId}: ${signalsSeen} signals, ${nonsense} of them unreadable. Last: ${told}.`
  }
}

function readAgentInput(input: unknown): { marketId: string; name: string; carried: CarriedAgent } {
  const read = readInput(input, ['marketId', 'agent', 'carried'])
  const { carried = { signals: 0, nonsense: 0, verdicts: [] } } = read
  if (!isCarried(carried)) {
    throw invalidInput('carried', 'is written by the workflow itself when it continues as new: leave it out')
  }
  return {
    marketId: readName(read.marketId, 'marketId', 1),
    name: readName(read.agent, 'agent', 2),
    carried,
  }
}

function isCarried(carried: unknown): carried is CarriedAgent {
  if (typeof carried !== 'object' || carried === null) return false
  const { signals: seen, nonsense, verdicts } = carried as Partial<CarriedAgent>
  return Number.isSafeInteger(seen) && Number.isSafeInteger(nonsense) && Array.isArray(verdicts)
}

function unknownAgent(marketId: string, name: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `there is no agent ${name} in market ${marketId}: add it with "bourse agent add ${marketId} ${name} --credits 500"`,
    'unknown_agent',
  )
}

function nextBatch(inbox: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = []
  let characters = 0
  for (const waiting of inbox.slice(0, MAX_MESSAGES_PER_BATCH)) {
    characters += waiting.characters
    if (batch.length > 0 && characters > MAX_BATCH_CHARACTERS) break
    batch.push(waiting)
  }
  return batch
}
