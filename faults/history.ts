import { setTimeout as delay } from 'node:timers/promises'

/** What became of an operation, as its caller knows it. */
export type OutcomeKind = 'acknowledged' | 'refused' | 'unknown'

/** Something that was asked of a market, however often it was asked again under the same key. */
export interface Operation {
  id: number
  /** The way in by which it came. */
  load: string
  kind: OperationKind
  market: string
  agent: string
  /** Finds what it did among the rows, whatever its caller was told. */
  mark: string
  /** Null: it cannot be asked again without being another operation. */
  key: string | null
  startedMs: number
  /** When its outcome was known, or the last try given up. */
  endedMs: number
  outcome: OutcomeKind
  /** How often it was tried, and how often it stayed unknown. */
  tries: number
  unknownTries: number
  /** What each acknowledgement named: one operation has one id. */
  answers: string[]
  /** The refusal's code, or the last error. */
  detail: string | null
}

export type OperationKind =
  | 'bid'
  | 'signalled bid'
  | 'cancel'
  | 'transfer'
  | 'grant'
  | 'hold'
  | 'settled hold'
  | 'released hold'
  | 'prompt'
  | 'scored prompt'
  | 'lease token'
  | 'model call'
  | 'revoked lease'
  | 'spawn'
  | 'sleep'
  | 'revive'
  | 'step'
  | 'cycle'
  | 'status'
  | 'tick'

/** How one try ended; one that throws is unknown. */
export type Answer = { acknowledged: string } | { refused: string }

export type Wanted = Pick<Operation, 'load' | 'kind' | 'market' | 'agent' | 'mark' | 'key'>

export interface History {
  operations: Operation[]
  /** A number no operation of this run has had before. */
  nextSerial(): number
  /** Tries something once and notes how that ended. Never throws. */
  attempt(wanted: Wanted, act: () => Promise<Answer>): Promise<Operation>
  /** Tries the same operation again, under the same key. */
  again(operation: Operation, act: () => Promise<Answer>): Promise<Operation>
  /** Waits until nothing is under way any more, late answers included; false when that takes too long. */
  settled(): Promise<boolean>
}

/** Marks are told apart by the millionths of a credit, so a run has at most so many operations. */
export const OPERATIONS_MAX = 900_000
/** A caller that has no answer by then does not know what happened. */
const ANSWER_WAIT_MS = 10_000
const LATE_ANSWERS_WAIT_MS = 10_000

/** An empty history; `now` tells milliseconds since 1970. */
export function openHistory(now: () => number = Date.now): History {
  const operations: Operation[] = []
  const underWay = new Set<Promise<Answer>>()
  let serial = 0

  async function attempt(operation: Operation, act: () => Promise<Answer>): Promise<Operation> {
    operation.tries += 1
    try {
      const asked = act()
      underWay.add(asked)
      void asked.finally(() => underWay.delete(asked)).catch(() => {})
      const answer = await inTime(asked)
      operation.endedMs = now()
      if ('acknowledged' in answer) {
        operation.answers.push(answer.acknowledged)
        operation.outcome = 'acknowledged'
      } else {
        operation.detail = answer.refused
        if (operation.outcome !== 'acknowledged') operation.outcome = 'refused'
      }
    } catch (error) {
      operation.endedMs = now()
      operation.unknownTries += 1
      operation.detail = messageOf(error)
    }
    return operation
  }

  return {
    operations,
    nextSerial() {
      serial += 1
      if (serial > OPERATIONS_MAX) throw new Error(`a run has at most ${OPERATIONS_MAX} operations`)
      return serial
    },
    async attempt(wanted, act) {
      const operation: Operation = {
        ...wanted,
        id: operations.length + 1,
        startedMs: now(),
        endedMs: now(),
        outcome: 'unknown',
        tries: 0,
        unknownTries: 0,
        answers: [],
        detail: null,
      }
      operations.push(operation)
      return await attempt(operation, act)
    },
    again: attempt,
    async settled() {
      const late = delay(LATE_ANSWERS_WAIT_MS, false, { ref: false })
      return await Promise.race([Promise.allSettled(underWay).then(() => true), late])
    },
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  // One that comes too late, or fails too late, changes nothing any more.
  answer.catch(() => {})
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_WAIT_MS} ms`)), ANSWER_WAIT_MS)
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error }
  return [message, cause?.message].filter(Boolean).join(': ').slice(0, 300)
}
