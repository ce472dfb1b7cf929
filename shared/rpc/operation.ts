import type { z } from 'zod'
import type { Outcome } from '../economy/refusal.ts'
import type { ErrorCode } from './error-codes.ts'

/** One operation of the gateway: all that its server, its clients, its documentation and a model's tool list need. */
export interface Operation<Request extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  /** What it does, for people and for models that choose among tools. */
  description: string
  request: Request
  /** What is answered beside `ok: true`. */
  reply: Reply
  /** Codes it may answer beside those that any operation may. */
  errors: readonly ErrorCode[]
  /** Fields of its reply that are nobody's but the caller's. */
  secrets?: readonly string[]
  /** True when it may take minutes: it has a deadline of its own, and waits apart from the others. */
  slow?: true
  /** True when its handler reads the request itself, as other ways in have it read. */
  readByHandler?: true
}

/** An operation whose schemas keep their types. */
export function defineOperation<Request extends z.ZodType, Reply extends z.ZodType>(
  operation: Operation<Request, Reply>,
): Operation<Request, Reply> {
  return operation
}

/** Who asks: the names come from the subject, which the server lets nobody else publish on. */
export interface Caller {
  marketId: string
  agent: string
  /** W3C trace context of the request, if it came with one. */
  traceparent: string | null
}

/** What answers an operation; a refusal is an answer like any other. */
export type HandlerOf<Operated extends Operation> = (
  caller: Caller,
  request: z.output<Operated['request']>,
) => Promise<Outcome<z.output<Operated['reply']> & object>>

/** A handler for each operation of a family. */
export type HandlersOf<Family extends Record<string, Operation>> = {
  [Name in keyof Family]: HandlerOf<Family[Name]>
}
