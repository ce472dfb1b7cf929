import { setTimeout as delay } from 'node:timers/promises'
import type { ReferenceAgent, ReferenceStart } from './reference-agent.ts'

type Request = readonly [operation: string, request?: Record<string, unknown>]

/** One request of a part, or a word for what takes several. */
export type Act =
  | Request
  /** Calls a service and waits for what comes of it. */
  | readonly ['call', Record<string, unknown>]
  /** Waits until none of its bids is open. */
  | readonly ['await bids']
  /** Applies the change it proposed last, else the one it was handed. */
  | readonly ['apply']
  /** Something else, told what task.get answered. */
  | ((start: ReferenceStart, task: Record<string, unknown>) => Promise<void>)

/** What an agent does in one scenario, from its first request to its last. */
export type Part = readonly Act[]

/** It looks when it is told something; a notice may be lost, so it looks without one too. */
const LOOK_MS = 2_000
const WAIT_MS_MAX = 100_000
/** The platform takes up to two minutes to test a program. */
const TIMEOUT_MS = 130_000

/** An agent that plays its part in each scenario it knows, and where it knows none says so and ends. */
export function playing(parts: Readonly<Record<string, Part>>): ReferenceAgent {
  return async start => {
    const nextNotice = awaitNotices(start)
    const task = await ask(start, 'task.get')
    const part = parts[start.scenarioId] ?? parts.any
    if (part === undefined) throw new Error(`this agent has no part in ${start.scenarioId}`)
    let changeId = changeHandedOn(task)
    for (const act of part) {
      if (start.signal.aborted) return
      if (typeof act === 'function') await act(start, task)
      else if (act[0] === 'apply') await ask(start, 'code.apply', { changeId })
      else {
        const answer = await play(start, nextNotice, act)
        if (act[0] === 'code.propose') changeId = answer.changeId
      }
    }
    await ask(start, 'task.finish')
  }
}

function changeHandedOn({ situation }: Record<string, unknown>): unknown {
  const { artefacts } = (situation ?? {}) as { artefacts?: { proposed_change?: { changeId?: unknown } } }
  return artefacts?.proposed_change?.changeId
}

async function play(
  start: ReferenceStart,
  nextNotice: () => Promise<void>,
  [name, request = {}]: Request,
): Promise<Record<string, unknown>> {
  if (name === 'await bids') return await untilDone(start, nextNotice, bidsAreDecided)
  if (name !== 'call') return await ask(start, name, request)
  const { callId } = await ask(start, 'service.invoke', { arguments: {}, timeoutSeconds: 100, ...request })
  return typeof callId === 'string' ? await untilDone(start, nextNotice, () => isAnswered(start, callId)) : {}
}

async function bidsAreDecided(start: ReferenceStart): Promise<boolean> {
  return (await ask(start, 'economic.get_balance')).openBids === 0
}

async function isAnswered(start: ReferenceStart, callId: string): Promise<boolean> {
  const { items } = await ask(start, 'service.calls', { role: 'caller', callId })
  return (items as { status: string }[] | undefined)?.[0]?.status !== 'waiting'
}

async function untilDone(
  start: ReferenceStart,
  nextNotice: () => Promise<void>,
  isDone: (start: ReferenceStart) => Promise<boolean>,
): Promise<Record<string, unknown>> {
  const untilMs = performance.now() + WAIT_MS_MAX
  while (!start.signal.aborted && performance.now() < untilMs) {
    const noticed = nextNotice()
    if (await isDone(start)) break
    const stopped = new AbortController()
    await Promise.race([noticed, delay(LOOK_MS, undefined, { signal: stopped.signal }).catch(() => {})])
    stopped.abort()
  }
  return {}
}

/** Answers a function whose promise is kept with the next notice. */
function awaitNotices({ connection }: ReferenceStart): () => Promise<void> {
  let next = Promise.withResolvers<void>()
  void (async () => {
    for await (const _ of connection.notices()) {
      next.resolve()
      next = Promise.withResolvers<void>()
    }
  })()
  return () => next.promise
}

/** What is answered, a refusal too: an agent that is refused goes on with its part. */
export async function ask(
  { connection }: ReferenceStart,
  operation: string,
  request: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const answer = await connection.request(operation as never, request as never, { timeoutMs: TIMEOUT_MS })
  return answer as unknown as Record<string, unknown>
}
