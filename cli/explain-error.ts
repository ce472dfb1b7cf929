import { EnvironmentError } from '../shared/config/environment.ts'
import { CommandFailure, outOfReach, refused } from './command-failure.ts'
import { EXIT_REFUSED } from './exit-codes.ts'

const NETWORK_ERRORS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EPIPE',
]
const POSTGRES_IS_AWAY = /^(08...|57P0[1-3]|53300|28P01|28000|3D000)$/
const POSTGRES_CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/
const UNDEFINED_TABLE = '42P01'
const QUERY_CANCELED = '57014'
const MAX_CAUSES = 10
/** What a reader of events may meet, by the error's name. */
const READING_PROBLEMS: Record<string, string> = {
  EventsMissing: 'events_missing',
  EventsNotKept: 'events_not_kept',
  PositionDiverged: 'history_restored',
  UnusablePosition: 'unusable_position',
}

/** What a command tells about anything that was thrown: one sentence and an exit code, never a stack trace. */
export function explainError(error: unknown): CommandFailure {
  const chain = causesOf(error)
  return (
    find(chain, one => (one instanceof CommandFailure ? one : null)) ??
    find(chain, one =>
      one instanceof EnvironmentError ? outOfReach('bad_environment', one.message) : null,
    ) ??
    find(chain, explainRefusal) ??
    find(chain, explainTemporal) ??
    find(chain, explainNats) ??
    find(chain, explainPostgres) ??
    new CommandFailure({ code: 'internal_error', message: chain[0]?.message || String(error) }, EXIT_REFUSED)
  )
}

type ErrorLike = Error & { code?: unknown; type?: unknown; details?: unknown; nonRetryable?: unknown }

/** The error, what caused it, and so on; the errors of a failed attempt on several addresses count as causes. */
function causesOf(error: unknown): ErrorLike[] {
  const chain: ErrorLike[] = []
  const open: unknown[] = [error]
  while (open.length > 0 && chain.length < MAX_CAUSES) {
    const one = open.shift()
    if (!(one instanceof Error)) continue
    chain.push(one)
    open.push(one.cause, ...(one instanceof AggregateError ? one.errors : []))
  }
  return chain
}

function find(chain: readonly ErrorLike[], explain: (error: ErrorLike) => CommandFailure | null) {
  for (const error of chain) {
    const explained = explain(error)
    if (explained !== null) return explained
  }
  return null
}

/** A refusal that came back through a workflow: the failure's type is the refusal's code. */
function explainRefusal(error: ErrorLike): CommandFailure | null {
  if (error.name !== 'ApplicationFailure' || typeof error.type !== 'string' || !error.nonRetryable)
    return null
  const field = (error.details as { field?: unknown }[] | undefined)?.[0]?.field
  return refused({
    code: error.type,
    message: error.message,
    ...(typeof field === 'string' ? { field } : {}),
  })
}

function explainTemporal(error: ErrorLike): CommandFailure | null {
  const DEADLINE_EXCEEDED = 4
  const isTimeout =
    error.name === 'WorkflowUpdateRPCTimeoutOrCancelledError' ||
    (error.code === DEADLINE_EXCEEDED && 'metadata' in error)
  if (isTimeout) {
    return outOfReach(
      'no_answer',
      'No worker answered in time: is a market worker running? `bourse status` shows it. What was asked may still happen.',
    )
  }
  const isTemporal = error.name === 'ServiceError' || (typeof error.code === 'number' && 'metadata' in error)
  return isTemporal
    ? outOfReach('temporal_unreachable', `Temporal did not take the call: ${error.message}`)
    : null
}

function explainNats(error: ErrorLike): CommandFailure | null {
  const code = READING_PROBLEMS[error.name]
  if (code !== undefined) return refused({ code, message: error.message })
  const isNats = error.name === 'BusUnreachable' || error.name === 'NatsError'
  return isNats ? outOfReach('nats_unreachable', `NATS cannot be used: ${error.message}`) : null
}

function explainPostgres(error: ErrorLike): CommandFailure | null {
  const code = String(error.code ?? '')
  if (code === UNDEFINED_TABLE) {
    return outOfReach('no_schema', 'This database has no Bourse schema: `bourse up` migrates it.')
  }
  if (code === QUERY_CANCELED) {
    return outOfReach('postgres_slow', `Postgres gave up a statement: ${error.message}`)
  }
  const isAway =
    POSTGRES_IS_AWAY.test(code) ||
    NETWORK_ERRORS.includes(code) ||
    POSTGRES_CONNECTION_LOST.test(error.message)
  if (!isAway) return null
  return outOfReach(
    'postgres_unreachable',
    `Postgres cannot be used (${error.message || code}): is the stack up? \`bourse status\` shows it.`,
  )
}
