import { type Outcome, type Refusal, refuse } from '../economy/refusal.ts'
import type { Caller } from '../rpc/operation.ts'
import { type Handlers, isOperationName, type OperationName, operations } from '../rpc/operations.ts'
import { readMessage } from '../rpc/read-message.ts'
import { isOwnInbox, readRpcSubject } from '../rpc/subjects.ts'
import { createAgentLoad, LOAD_LIMITS, type LoadLimits } from './agent-load.ts'
import { createFairQueue } from './fair-queue.ts'
import type { CallAround } from './observed-calls.ts'

/** A request as it came from the bus. */
export interface IncomingRequest {
  subject: string
  /** Where the answer is wanted; empty: nowhere. */
  reply: string
  bytes: Uint8Array
  traceparent: string | null
}

export interface GatewayLimits {
  load: LoadLimits
  /** Requests that wait or run, of all agents together. */
  openMax: number
  /** Requests at work at a time, bids not counted: those are at work in batches. */
  runningMax: number
  /** A request is answered within this time, be it with a refusal. */
  deadlineMs: number
  /** One of the slow operations within this time. */
  slowDeadlineMs: number
}

export const GATEWAY_LIMITS: GatewayLimits = {
  load: LOAD_LIMITS,
  openMax: 20_000,
  runningMax: 16,
  deadlineMs: 10_000,
  slowDeadlineMs: 120_000,
}

/** What the gateway does to the world; all of it is given. */
export interface GatewayParts {
  handlers: Handlers
  /** Under whose name an agent's requests are counted and take their turns; by default its own. */
  accountable?: (marketId: string, agent: string) => string
  /** Stands around every operation that can be read; by default nothing does. */
  around?: CallAround
  /** Publishes an answer. */
  answer: (reply: string, text: string) => void
  /** Told of a request that wants its answer outside the agent's own inbox: it is not answered there. */
  misdirected: (marketId: string, agent: string, reply: string) => void
  /** Told of what failed without the caller's fault, an answer that could not be published included. */
  failed: (operation: string, caller: Caller, error: unknown) => void
  /** Milliseconds that never go back. */
  nowMs: () => number
  limits?: GatewayLimits
}

export interface Gateway {
  /** Takes a request; answers it later, once, unless it may not be answered at all. Never throws. */
  receive(request: IncomingRequest): void
  /** Resolves when nothing that was taken waits for its answer. */
  drained(): Promise<void>
}

interface Asked {
  caller: Caller
  operation: string
  request: IncomingRequest
}

interface TakenRequest extends Asked {
  /** Who answers for it. */
  who: string
  dueMs: number
  isAnswered: boolean
}

const FORGET_EVERY_MS = 10_000
const BATCHED: OperationName = 'market.bid'
/** A request is answered at most so much after its deadline. */
const DEADLINE_LOOK_INTERVAL_MS = 50
/** Answers to what was no request that could be read. */
const FAULTS = new Set([
  'invalid_json',
  'message_too_large',
  'invalid_request',
  'invalid_bid',
  'unknown_operation',
])
/** What NATS carries in one message, and a little room. */
const REPLY_BYTES_MAX = 1_000_000
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3
const WAITED_TOO_LONG = refuse('deadline_exceeded', 'it waited too long in the gateway: nothing was done')
const REPLY_TOO_LARGE = refuse(
  'reply_too_large',
  `the answer has more than ${REPLY_BYTES_MAX} bytes: ask for less at once`,
)
const UNANSWERED = refuse(
  'deadline_exceeded',
  'no answer in time; ask again under the same key to learn what came of it',
)
const FAILED = refuse('internal_error', 'something failed in the market; ask again under the same key')
const OVERLOADED = refuse('overloaded', 'the gateway has too much to do: nothing was done, try again later')

/**
 * Answers the requests of agents: who asks is known from the subject; what nobody may send, or one agent or owner sends too
 * much of, is refused before it is read, what cannot be read before any database work. Who asks is served in turn.
 */
export function createGateway(parts: GatewayParts): Gateway {
  const { limits = GATEWAY_LIMITS, nowMs, around = (_caller, _operation, _request, act) => act() } = parts
  const { accountable = (marketId, agent) => `${marketId}/${agent}` } = parts
  const load = createAgentLoad(limits.load)
  const waiting = createFairQueue<TakenRequest>()
  /** Waiting or at work, the oldest first; what was answered at its deadline and is still at work counts on. */
  const open = new Set<TakenRequest>()
  let unanswered = 0
  let deadlines: NodeJS.Timeout | undefined
  let running = 0
  let forgotAtMs = nowMs()
  let onDrained: (() => void)[] = []

  function receive(request: IncomingRequest): void {
    const address = readRpcSubject(request.subject)
    if (address === null) return
    const { marketId, agent, operation } = address
    const caller = { marketId, agent, traceparent: request.traceparent }
    const at = nowMs()
    forgetQuietAgents(at)
    const who = accountable(marketId, agent)
    const taken = load.take(who, at)
    if (taken === 'dropped') return
    const isOwn = isOwnInbox(marketId, agent, request.reply)
    const isFull = open.size >= limits.openMax
    if (taken === 'taken' && (!isOwn || isFull)) load.done(who)
    if (!isOwn) parts.misdirected(marketId, agent, request.reply)
    else if (taken === 'refused') answer({ caller, operation, request }, refuseTooMany(limits.load))
    else if (isFull) answer({ caller, operation, request }, OVERLOADED)
    else
      take({
        who,
        caller,
        operation,
        request,
        dueMs: at + (isSlow(operation) ? limits.slowDeadlineMs : limits.deadlineMs),
        isAnswered: false,
      })
  }

  function take(one: TakenRequest): void {
    open.add(one)
    unanswered += 1
    deadlines ??= setInterval(settleOverdue, DEADLINE_LOOK_INTERVAL_MS)
    if (waitsApart(one.operation)) {
      void finish(one)
      return
    }
    waiting.push(one.who, one)
    pump()
  }

  function forgetQuietAgents(at: number): void {
    if (at - forgotAtMs < FORGET_EVERY_MS) return
    load.forget(at)
    forgotAtMs = at
  }

  function pump(): void {
    while (running < limits.runningMax) {
      const [one] = waiting.take(1)
      if (one === undefined) return
      running += 1
      void finish(one).finally(() => {
        running -= 1
        pump()
      })
    }
  }

  async function finish(one: TakenRequest): Promise<void> {
    let outcome: Outcome<object>
    try {
      outcome = nowMs() < one.dueMs ? await operate(one) : WAITED_TOO_LONG
    } catch (error) {
      parts.failed(one.operation, one.caller, error)
      outcome = FAILED
    }
    settle(one, outcome)
    open.delete(one)
    const isFault = !outcome.ok && FAULTS.has(outcome.error.code)
    load.done(one.who, isFault)
  }

  /** Answers a request, unless that was done: what comes of it after its deadline is told to nobody. */
  function settle(one: TakenRequest, outcome: Outcome<object>): void {
    if (one.isAnswered) return
    one.isAnswered = true
    answer(one, outcome)
    unanswered -= 1
    if (unanswered > 0) return
    clearInterval(deadlines)
    deadlines = undefined
    for (const resolve of onDrained) resolve()
    onDrained = []
  }

  /** But for slow ones every request has as much time as the others, so that they are due in the order in which they came. */
  function settleOverdue(): void {
    const now = nowMs()
    for (const one of open) {
      if (one.dueMs > now && isSlow(one.operation)) continue
      if (one.dueMs > now) return
      settle(one, UNANSWERED)
    }
  }

  async function operate({ operation, caller, request }: TakenRequest): Promise<Outcome<object>> {
    if (!isOperationName(operation)) return refuseUnknownOperation(operation)
    const read = readMessage(request.bytes)
    if (!read.ok) return read
    const handler = parts.handlers[operation] as (
      caller: Caller,
      request: unknown,
    ) => Promise<Outcome<object>>
    return await around(caller, operation, read.message, async () => {
      const parsed = readRequest(operation, read.message)
      return parsed.ok ? await handler(caller, parsed.request) : parsed
    })
  }

  /** Never throws: whoever waits for an answer that cannot be published finds out by waiting. */
  function answer({ caller, operation, request }: Asked, outcome: object): void {
    try {
      const text = JSON.stringify(outcome)
      const isTooLarge =
        text.length > REPLY_BYTES_MAX / UTF8_BYTES_MAX && Buffer.byteLength(text) > REPLY_BYTES_MAX
      parts.answer(request.reply, isTooLarge ? JSON.stringify(REPLY_TOO_LARGE) : text)
    } catch (error) {
      parts.failed(operation, caller, error)
    }
  }

  return {
    receive,
    drained: () => {
      if (unanswered === 0) return Promise.resolve()
      return new Promise(resolve => onDrained.push(resolve))
    },
  }
}

/** Bids wait for their batch, and slow operations for a place of their own, not for one among the requests at work. */
function waitsApart(operation: string): boolean {
  return operation === BATCHED || isSlow(operation)
}

function isSlow(operation: string): boolean {
  return isOperationName(operation) && 'slow' in operations[operation]
}

/** Reads what an operation is asked, from a message that anybody may have sent. */
function readRequest(
  operation: OperationName,
  message: Record<string, unknown>,
): Outcome<{ request: unknown }> {
  if ('readByHandler' in operations[operation]) return { ok: true, request: message }
  const parsed = operations[operation].request.safeParse(message)
  if (parsed.success) return { ok: true, request: parsed.data }
  const issue = parsed.error.issues[0]!
  const field = issue.path.join('.') || unknownKeyIn(issue) || 'request'
  return refuse('invalid_request', `${field}: ${issue.message}`, field)
}

function unknownKeyIn(issue: object): string | undefined {
  return 'keys' in issue && Array.isArray(issue.keys) ? issue.keys[0] : undefined
}

function refuseTooMany({ openMax, requestsPerSecond }: LoadLimits): Refusal {
  const allowed = `${requestsPerSecond} requests a second, ${openMax} unanswered at a time`
  return refuse(
    'too_many_requests',
    `this agent, or those of its owner together, ask too much at once: one gateway answers ${allowed}`,
  )
}

function refuseUnknownOperation(operation: string): Refusal {
  const names = Object.keys(operations).join(', ')
  const shown = JSON.stringify(operation.slice(0, 60))
  return refuse('unknown_operation', `there is no operation ${shown}; there are ${names}`)
}
