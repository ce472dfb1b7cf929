import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { AgentActivities, AgentMessage, MessageAnswer } from '../activities/agent-activities.ts'
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
import type { AgentGlance } from '../shared/market/glances.ts'
import { describeAgent } from './describe-agent.ts'
import { invalidInput, readInput, readName, requireWorkflowId } from './input.ts'
import { onCancelled, shieldHandlers } from './on-cancelled.ts'
import { refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'
import { activeTraceparent, inTrace, untraced } from './trace-context.ts'

const { findAgent, answerMessages } = proxyActivities<AgentActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '100 ms', maximumInterval: '5 seconds' },
})

export const placeBid = defineSignal<[unknown?]>(signals.placeBid)
export const cancelBid = defineSignal<[unknown?]>(signals.cancelBid)
export const placeBidNow = defineUpdate<MessageAnswer, [unknown?]>(updates.placeBid)
export const state = defineQuery<AgentState, [unknown?]>(queries.state)

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
  /** The trace of whoever sent it. */
  traceparent: string | null
  answer?: MessageAnswer
}

/**
 * An agent's front door: takes bids and cancels in the order they came, has them admitted, and keeps the newest
 * verdicts to be asked for. It holds no truth; what it forgets stands in Postgres. Cancelled, it answers what waits
 * and ends; the agent's bids stay, and its next signal opens the door again.
 */
export async function agent(input?: AgentInput): Promise<AgentState> {
  const { marketId, name, carried } = readAgentInput(input)
  requireWorkflowId(agentWorkflowId(marketId, name))
  setSearchAttributes({ marketId, agent: name }, 'search-attributes')
  try {
    return await CancellationScope.nonCancellable(() => untraced(() => keepDoor(marketId, name, carried)))
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function keepDoor(marketId: string, name: string, carried: CarriedAgent): Promise<AgentState> {
  const firstRunId = workflowInfo().firstExecutionRunId
  const shielded = shieldHandlers()
  // A run goes on as it began: answers belong to messages by their places in a batch that another version may have sent.
  const nextBatch = patched('signals-before-updates') ? signalsBeforeUpdates : firstThatFit
  const inbox: Waiting[] = []
  const verdicts: AgentVerdict[] = carried.verdicts
  let { signals: signalsSeen, nonsense } = carried
  const signalsBefore = signalsSeen
  let isOver = false
  let glance: AgentGlance | null = null

  const queue = (sent: Omit<Waiting, 'characters' | 'traceparent'>): Waiting => {
    const one = { ...sent, traceparent: activeTraceparent() }
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
      await shielded(() => condition(() => waiting.answer !== undefined))
      return waiting.answer!
    },
    { description: 'Place a bid and get its verdict; takes what the signal placeBid takes.' },
  )
  setHandler(state, answerState, {
    description:
      'Counters and the newest verdicts; with {"key": "..."} only those of the bids placed with that key.',
  })
  onCancelled(() => {
    isOver = true
  })

  const { exists } = await findAgent.executeWithOptions({ summary: `look for agent ${name}` }, [
    { marketId, agent: name },
  ])
  if (!exists && inbox.length === 0) throw unknownAgent(marketId, name)
  while (!isOver || inbox.length > 0) {
    await condition(() => inbox.length > 0 || isOver || shouldContinueAsNew())
    if (inbox.length > 0) {
      await answerBatch()
      setCurrentDetails(describeAgent(describeState(), glance))
    } else if (!isOver) {
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
    // The batch is answered in the trace of the first who sent one; each bid goes on in its own.
    const senderTrace = batch.find(one => one.traceparent !== null)?.traceparent
    const answered = await inTrace(senderTrace, () =>
      answerMessages.executeWithOptions({ summary: describeBatch(batch) }, [
        {
          marketId,
          agent: name,
          messages: batch.map(messageOf),
        },
      ]),
    )
    for (const waiting of batch) inbox.splice(inbox.indexOf(waiting), 1)
    batch.forEach((waiting, place) => {
      const answer = answered.answers[place]!
      waiting.answer = answer
      const list = 'verdicts' in answer ? answer.verdicts : [answer]
      const ownKeys = answered.ownKeys?.[place]
      verdicts.push(
        ...list.map((verdict, index) => ({ key: ownKeys?.[index] ?? `${waiting.key}:${index}`, verdict })),
      )
      nonsense += list.filter(one => !one.ok && one.error.code === 'invalid_bid').length
    })
    verdicts.splice(0, Math.max(0, verdicts.length - MAX_VERDICTS))
    glance = answered.glance ?? null
    isOver ||= answered.marketIsClosed || !exists
  }

  function shouldContinueAsNew(): boolean {
    return workflowInfo().continueAsNewSuggested || signalsSeen - signalsBefore >= MAX_SIGNALS_PER_RUN
  }

  function describeState(): AgentState {
    return { marketId, agent: name, waiting: inbox.length, signals: signalsSeen, nonsense, verdicts }
  }

  function answerState(question?: unknown): AgentState {
    const asked = typeof question === 'object' && question !== null && 'key' in question ? question.key : null
    const all = describeState()
    return typeof asked === 'string' ? { ...all, verdicts: verdicts.filter(({ key }) => key === asked) } : all
  }
}

function messageOf({ kind, via, key, message, traceparent }: Waiting): AgentMessage {
  return { kind, via, key, message, ...(traceparent === null ? {} : { traceparent }) }
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
    `there is no agent ${name} in market ${marketId}: \`bourse agent add ${marketId} ${name} --credits 500\` adds it`,
    'unknown_agent',
  )
}

/** What a batch is, for the event's line in the Temporal UI. */
function describeBatch(batch: readonly Waiting[]): string {
  const bids = batch.filter(({ kind }) => kind === 'bid').length
  return `${bids} messages with bids, ${batch.length - bids} cancels`
}

/**
 * Every update that waits, for somebody waits for it, and as many signals as there is room for. In the batch signals
 * stand before updates, each in the order they came, so that a bid sent before an update is judged before it. When a
 * reset applies both again, a replay may see them in another order than the first run did; neither who is in a batch nor
 * their order there may depend on it.
 */
function signalsBeforeUpdates(inbox: readonly Waiting[]): Waiting[] {
  const isSignal = ({ via }: Waiting) => via === 'signal'
  const [sent, asked] = [inbox.filter(isSignal), inbox.filter(one => !isSignal(one))]
  const batch = firstThatFit([...asked, ...sent])
  return [...batch.filter(isSignal), ...batch.filter(one => !isSignal(one))]
}

/** The messages that came first, as many as one batch holds. */
function firstThatFit(messages: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = []
  let characters = 0
  for (const waiting of messages.slice(0, MAX_MESSAGES_PER_BATCH)) {
    characters += waiting.characters
    if (batch.length > 0 && characters > MAX_BATCH_CHARACTERS) break
    batch.push(waiting)
  }
  return batch
}
