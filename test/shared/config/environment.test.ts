import { describe, expect, test } from 'vitest'
import {
  EnvironmentError,
  loadEnvironment,
  loadIdentityEnvironment,
  natsOptions,
} from '../../../shared/config/environment.ts'

const complete = {
  BOURSE_POSTGRES_URL: 'postgres://bourse:secret@127.0.0.1:5432/bourse',
  BOURSE_NATS_URL: 'nats://bourse:s%40cret@127.0.0.1:4222',
  BOURSE_TEMPORAL_ADDRESS: '127.0.0.1:7233',
}

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadEnvironment(env)
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems
    throw error
  }
  return []
}

describe('the environment', () => {
  test('needs three addresses; the rest has defaults', () => {
    expect(loadEnvironment(complete)).toEqual({
      postgresUrl: complete.BOURSE_POSTGRES_URL,
      nats: {
        servers: ['nats://127.0.0.1:4222'],
        user: 'bourse',
        pass: 's@cret',
        duplicateWindowMs: 120_000,
      },
      temporal: { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'bourse', tls: false },
      llm: { host: '127.0.0.1', port: 0 },
      logLevel: 'info',
      retention: { operationsDays: 7, llmCallsDays: 90, runsDays: 90 },
      telemetry: { tracing: null, metrics: { host: '127.0.0.1', port: 0 }, logFormat: 'auto' },
    })
  })

  test('tells every problem at once, each by its variable', () => {
    const problems = problemsOf({
      BOURSE_NATS_URL: 'http://127.0.0.1',
      BOURSE_TEMPORAL_ADDRESS: 'somewhere',
      BOURSE_LOG_LEVEL: 'loud',
    })
    expect(problems.map(problem => problem.split(' ')[0])).toEqual([
      'BOURSE_POSTGRES_URL',
      'BOURSE_NATS_URL',
      'BOURSE_TEMPORAL_ADDRESS',
      'BOURSE_LOG_LEVEL',
    ])
  })

  test.each([
    ['BOURSE_POSTGRES_URL', 'mysql://host/db'],
    ['BOURSE_POSTGRES_URL', 'localhost:5432'],
    ['BOURSE_NATS_URL', ''],
    ['BOURSE_NATS_URL', 'nats://one:4222,,nats://two:4222'],
    ['BOURSE_NATS_URL', 'nats://a:b@one:4222,nats://c:d@two:4222'],
    ['BOURSE_NATS_DUPLICATE_WINDOW_MS', '99'],
    ['BOURSE_NATS_DUPLICATE_WINDOW_MS', '2 min'],
    ['BOURSE_TEMPORAL_ADDRESS', 'http://host:7233'],
    ['BOURSE_TEMPORAL_ADDRESS', 'host:port'],
    ['BOURSE_TEMPORAL_TLS', 'perhaps'],
    ['BOURSE_TASK_QUEUE', ' '],
    ['BOURSE_METRICS_PORT', '70000'],
    ['BOURSE_METRICS_PORT', 'http'],
    ['BOURSE_LOG_FORMAT', 'xml'],
    ['BOURSE_KEEP_OPERATIONS_DAYS', '0'],
    ['BOURSE_KEEP_OPERATIONS_DAYS', 'a week'],
    ['BOURSE_KEEP_LLM_CALLS_DAYS', '0'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ])('refuses %s = "%s"', (variable, value) => {
    expect(problemsOf({ ...complete, [variable]: value })).toEqual([expect.stringContaining(variable)])
  })

  test.each([
    [{}, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/t' }, 'https://c/t'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, null],
  ])('with %o sends traces to %s', (variables, tracesUrl) => {
    const { tracing } = loadEnvironment({ ...complete, ...variables }).telemetry
    expect(tracing?.tracesUrl ?? null).toBe(tracesUrl)
  })

  test('takes several NATS servers, credentials and TLS', () => {
    const loaded = loadEnvironment({
      ...complete,
      BOURSE_NATS_URL: 'tls://one.example:4222, tls://two.example:4222',
      BOURSE_NATS_CREDENTIALS_FILE: '/etc/bourse/nats.creds',
      BOURSE_NATS_TLS_CA_FILE: '/etc/bourse/ca.pem',
      BOURSE_NATS_DUPLICATE_WINDOW_MS: '100',
      BOURSE_TEMPORAL_API_KEY: 'key',
    })
    expect(loaded.nats).toEqual({
      servers: ['tls://one.example:4222', 'tls://two.example:4222'],
      tls: { caFile: '/etc/bourse/ca.pem' },
      duplicateWindowMs: 100,
    })
    expect(loaded.natsCredentialsFile).toBe('/etc/bourse/nats.creds')
    expect(loaded.temporal).toMatchObject({ apiKey: 'key', tls: true })
    expect(
      loadEnvironment({ ...complete, BOURSE_TEMPORAL_API_KEY: 'key', BOURSE_TEMPORAL_TLS: '0' }).temporal.tls,
    ).toBe(false)
  })

  test('says how many connections one owner may have', () => {
    const identity = {
      ...complete,
      BOURSE_NATS_AUTH_URL: 'nats://auth:a@127.0.0.1:4222',
      BOURSE_NATS_SYSTEM_URL: 'nats://sys:s@127.0.0.1:4222',
      BOURSE_NATS_ISSUER_SEED: `SA${'A'.repeat(56)}`,
      BOURSE_NATS_XKEY_SEED: `SX${'A'.repeat(56)}`,
    }
    expect(loadIdentityEnvironment(identity).connectionsPerOwner).toBe(32)
    const of = (count: string) =>
      loadIdentityEnvironment({ ...identity, BOURSE_CONNECTIONS_PER_OWNER: count }).connectionsPerOwner
    expect(of('1800')).toBe(1_800)
    for (const wrong of ['0', '1801', '-1', 'many', '1e2'])
      expect(() => of(wrong), wrong).toThrow(/BOURSE_CONNECTIONS_PER_OWNER/)
  })

  test('gives the NATS client addresses without passwords in them', () => {
    expect(natsOptions(['nats://127.0.0.1:4222'])).toEqual({ servers: ['nats://127.0.0.1:4222'] })
  })
})
