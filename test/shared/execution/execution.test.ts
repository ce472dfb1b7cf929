import { describe, expect, it } from 'vitest'
import { CPU_CORES_MIN, envelopeOf, MEMORY_BYTES_MIN } from '../../../shared/execution/envelope.ts'
import { executionEndOf, isRefunded } from '../../../shared/execution/execution-end.ts'
import { executionEnvironment, forwardedServers } from '../../../shared/execution/lease-access.ts'

const MEBIBYTE = 1024 ** 2

describe('an envelope', () => {
  it("is the lease's share of what the market sells", () => {
    const shares = [
      { name: 'cpu', capacity: '4', ppm: 250_000 },
      { name: 'memory', capacity: '4096', ppm: 62_500 },
      { name: 'attention', capacity: '1', ppm: 1_000_000 },
    ]
    expect(envelopeOf(shares)).toMatchObject({ cpuCores: 1, memoryBytes: 256 * MEBIBYTE })
  })

  it('is never less than it takes to start', () => {
    expect(envelopeOf([])).toMatchObject({ cpuCores: CPU_CORES_MIN, memoryBytes: MEMORY_BYTES_MIN })
    const nothing = [{ name: 'memory', capacity: '4096', ppm: 0 }]
    expect(envelopeOf(nothing).memoryBytes).toBe(MEMORY_BYTES_MIN)
  })
})

describe('an execution is over', () => {
  const end = (reason: 'finished' | 'time' | 'memory' | 'stopped' | 'failed_to_start' | null, facts = {}) =>
    executionEndOf({
      sandbox: reason === null ? null : { reason, exitCode: reason === 'finished' ? 1 : null },
      stopRequested: false,
      tokensUsedUp: false,
      ...facts,
    })

  it('by what its sandbox says', () => {
    expect([end('finished'), end('time'), end('memory')]).toEqual(['finished', 'time', 'memory'])
    expect(end('finished', { tokensUsedUp: true })).toBe('tokens')
    expect(end('time', { tokensUsedUp: true, stopRequested: true })).toBe('time')
  })

  it('by an operator when one asked for it, else because its worker went away', () => {
    expect([end('stopped', { stopRequested: true }), end(null, { stopRequested: true })]).toEqual([
      'operator',
      'operator',
    ])
    expect([end('stopped'), end(null)]).toEqual(['interrupted', 'interrupted'])
  })

  it('and paid back only when it never began by our fault', () => {
    expect(isRefunded(end('failed_to_start'))).toBe(true)
    expect([end('finished'), end('time'), end('memory'), end('stopped')].some(isRefunded)).toBe(false)
  })
})

describe('a program is told', () => {
  const begun = {
    marketId: 'm',
    agent: 'ada',
    leaseId: '01890a5d-ac96-774b-bcce-b302099a8057',
    endsAt: '2026-11-24T12:00:00.000Z',
  }
  const nats = { host: '10.0.0.1', port: 4300 }

  it('where its servers are on its own loopback, and the token that opens them', () => {
    const access = { token: 'secret', nats, llm: { host: '127.0.0.1', port: 9000 } }
    expect(executionEnvironment(begun, access)).toEqual({
      BOURSE_MARKET: 'm',
      BOURSE_AGENT: 'ada',
      BOURSE_LEASE_ID: begun.leaseId,
      BOURSE_LEASE_ENDS_AT: begun.endsAt,
      BOURSE_WORKSPACE: '/workspace',
      BOURSE_TOKEN: 'secret',
      NATS_URL: 'nats://127.0.0.1:4222',
      NATS_INBOX_PREFIX: '_INBOX.m.ada',
      OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1',
      OPENAI_API_KEY: 'secret',
    })
    expect(forwardedServers(access).map(one => [one.insidePort, one.target.port])).toEqual([
      [4222, 4300],
      [8080, 9000],
    ])
  })

  it('nothing of servers there are not', () => {
    const told = executionEnvironment(begun, { token: 'secret', nats, llm: null })
    expect(Object.keys(told).some(name => name.startsWith('OPENAI'))).toBe(false)
  })
})
