import { describe, expect, it } from 'vitest'
import { refused } from '../../cli/command-failure.ts'
import { explainError } from '../../cli/explain-error.ts'
import { EnvironmentError } from '../../shared/config/environment.ts'

function errorLike(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name }, more)
}

describe('what a command tells about an error', () => {
  it.each<[string, unknown, string, number]>([
    ['a refusal', refused({ code: 'unknown_market', message: 'no' }), 'unknown_market', 1],
    ['a bad environment', new EnvironmentError(['X is not set']), 'bad_environment', 2],
    ['a refused port', errorLike('Error', 'connect', { code: 'ECONNREFUSED' }), 'postgres_unreachable', 2],
    [
      'several refused ports',
      new AggregateError([errorLike('Error', 'connect', { code: 'ECONNREFUSED' })]),
      'postgres_unreachable',
      2,
    ],
    ['a Postgres shutting down', errorLike('error', 'bye', { code: '57P01' }), 'postgres_unreachable', 2],
    ['an empty database', errorLike('error', 'relation', { code: '42P01' }), 'no_schema', 2],
    ['NATS away', errorLike('BusUnreachable', 'no'), 'nats_unreachable', 2],
    ['no worker', errorLike('WorkflowUpdateRPCTimeoutOrCancelledError', 'late'), 'no_answer', 2],
    ['Temporal away', errorLike('ServiceError', 'no'), 'temporal_unreachable', 2],
    ['a bug', new TypeError('x is undefined'), 'internal_error', 1],
    ['something else that was thrown', 'text', 'internal_error', 1],
  ])('%s', (_name, error, code, exitCode) => {
    const failure = explainError(error)
    expect({ code: failure.report.code, exitCode: failure.exitCode }).toEqual({ code, exitCode })
  })

  it('finds a refusal that came back through workflows', () => {
    const failure = errorLike('ApplicationFailure', 'the market is closed', {
      type: 'market_closed',
      nonRetryable: true,
      details: [{ field: 'marketId' }],
    })
    const child = new Error('child failed', { cause: new Error('activity failed', { cause: failure }) })
    expect(explainError(child)).toMatchObject({
      exitCode: 1,
      report: { code: 'market_closed', message: 'the market is closed', field: 'marketId' },
    })
  })
})
