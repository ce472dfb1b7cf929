import { setTimeout as delay } from 'node:timers/promises'
import type { ReferenceAgent, ReferenceStart } from './reference-agent.ts'

/** One request of a part, or a word for what takes several. */
export type Act =
  | readonly [operation: string, request?: Record<string, unknown>]
  /** Calls a service and waits for what comes of it. */
  | readonly ['call', Record<string, unknown>]
  /** Waits until none of its bids is open. */
  | readonly ['await bids']
  /** Applies the change it proposed last, else the one it was handed. */
  | readonly ['apply']

/** What an agent does in one scenario, from its first request to its last. */
export type Part = readonly Act[]

const LOOK_MS = 250
const WAIT_MS_MAX = 20_000
/** The platform takes up to two minutes to test a program. */
const TIMEOUT_MS = 130_000

/** An agent that plays its part in each scenario it knows, and where it knows none says so and ends. */
export function playing(parts: Readonly<Record<string, Part>>): ReferenceAgent {
  return async start => {
    const task = await ask(start, 'task.get')
    const part = parts[start.scenarioId] ?? parts.any
    if (part === undefined) throw new Error(`this agent has no part in ${start.scenarioId}`)
    let changeId = changeHandedOn(task)
    for (const act of part) {
      if (start.signal.aborted) return
      if (act[0] === 'apply') await ask(start, 'code.apply', { changeId })
      else {
        const answer = await play(start, act)
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

async function play(start: ReferenceStart, [name, request = {}]: Act): Promise<Record<string, unknown>> {
  if (name === 'await bids') return await untilDone(start, bidsAreDecided)
  if (name !== 'call') return await ask(start, name, request)
  const { callId } = await ask(start, 'service.invoke', { arguments: {}, timeoutSeconds: 20, ...request })
  return typeof callId === 'string' ? await untilDone(start, () => isAnswered(start, callId)) : {}
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
  isDone: (start: ReferenceStart) => Promise<boolean>,
): Promise<Record<string, unknown>> {
  const untilMs = performance.now() + WAIT_MS_MAX
  while (!start.signal.aborted && performance.now() < untilMs && !(await isDone(start))) await delay(LOOK_MS)
  return {}
}

/** What is answered, a refusal too: an agent that is refused goes on with its part. */
async function ask(
  { connection }: ReferenceStart,
  operation: string,
  request: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const answer = await connection.request(operation as never, request as never, { timeoutMs: TIMEOUT_MS })
  return answer as unknown as Record<string, unknown>
}
