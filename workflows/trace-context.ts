import { AsyncLocalStorage } from '@temporalio/workflow'

const trace = new AsyncLocalStorage<string | null>()

/** Runs `act` in the trace that a W3C traceparent tells: what it starts goes on there. Null: in no trace. */
export function inTrace<T>(traceparent: string | null | undefined, act: () => T): T {
  return trace.run(traceparent ?? null, act)
}

/** Runs `act` in no trace: what goes on for months would make one without end. */
export function untraced<T>(act: () => T): T {
  return inTrace(null, act)
}

/** The trace that goes on now: in a handler, that of whoever called it; null when there is none. */
export function activeTraceparent(): string | null {
  return trace.getStore() ?? null
}

/** Gives back what the storage keeps when a workflow leaves memory. */
export function disposeTraceContext(): void {
  trace.disable()
}
