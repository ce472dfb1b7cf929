import { describe, expect, it } from 'vitest'
import type { MarketFacts, StatusFacts } from '../../../cli/status/facts.ts'
import { findProblems } from '../../../cli/status/problems.ts'

const well = { ok: true, problem: null }
const market: MarketFacts = {
  marketId: 'first',
  status: 'open',
  cycles: 3,
  book: 0,
  leases: 0,
  lag: 0,
  lagSeconds: 0,
  events: 7,
  bytes: 1_000,
  deadLetters: 0,
  divergedAfter: null,
  overdueSeconds: 0,
  priceSource: 'live',
  priceAgeSeconds: 4,
  orphan: false,
}
const facts: StatusFacts = {
  home: '/home/ann/.bourse',
  taskQueue: 'bourse',
  health: { postgres: well, temporal: well, nats: well },
  versions: {
    bourse: '0.1.0',
    node: '24.0.0',
    temporalSdk: '1.23.0',
    postgres: '18.4',
    temporal: '1.29.1',
    nats: '2.12.7',
    schema: { newest: '005_outbox_text', missing: [], unknown: [] },
  },
  processes: [{ name: 'nats', pid: 7, running: true, log: '/logs/nats.log' }],
  workers: ['7@host'],
  programWorkers: ['7@host'],
  markets: [market],
  growth: {
    databaseBytes: 1,
    tables: [],
    streamBytes: 1,
    streams: 1,
    temporalBytes: 1,
    temporalRetentionSeconds: 86_400,
    freeBytes: 1e12,
  },
  startLinks: [],
}

function problemsOf(changes: Partial<StatusFacts>) {
  return findProblems({ ...facts, ...changes }).map(({ code, subject, remedy }) => ({
    code,
    subject,
    remedy,
  }))
}

describe('what status tells an operator to do', () => {
  it('is nothing when everything is well', () => {
    expect(findProblems(facts)).toEqual([])
  })

  it.each<[string, Partial<StatusFacts>, string, RegExp]>([
    [
      'server_unreachable',
      { health: { ...facts.health, nats: { ok: false, problem: 'refused' } } },
      'nats',
      /logs\/nats\.log/,
    ],
    [
      'process_down',
      { processes: [{ name: 'market-worker', pid: 8, running: false, log: '/logs/worker.log' }] },
      'market-worker',
      /\/logs\/worker\.log/,
    ],
    ['no_sandbox', { programWorkers: [] }, 'programs', /bourse doctor/],
    ['no_worker', { workers: [], programWorkers: [] }, 'bourse', /bourse worker/],
    [
      'schema_old',
      { versions: { ...facts.versions, schema: { newest: '1', missing: ['2_new'], unknown: [] } } },
      'postgres',
      /migrate/,
    ],
    [
      'schema_new',
      { versions: { ...facts.versions, schema: { newest: '3', missing: [], unknown: ['3_newer'] } } },
      'postgres',
      /update/,
    ],
    ['orphan', { markets: [{ ...market, orphan: true }] }, 'market first', /market start first/],
    [
      'publication_stopped',
      { markets: [{ ...market, lag: 5, lagSeconds: 60 }] },
      'market first',
      /Current Details of workflow market\/first/,
    ],
    [
      'history_diverged',
      { markets: [{ ...market, lag: 5, lagSeconds: 60, divergedAfter: 9 }] },
      'market first',
      /bourse repair first/,
    ],
    ['dead_letters', { markets: [{ ...market, deadLetters: 2 }] }, 'market first', /dead-letters first/],
    ['overdue', { markets: [{ ...market, overdueSeconds: 90 }] }, 'market first', /worker/],
    [
      'prices_late',
      { markets: [{ ...market, priceSource: 'last_known', priceAgeSeconds: 60 }] },
      'market first',
      /prices resume first/,
    ],
    ['disk_low', { growth: { ...facts.growth, freeBytes: 1e8 } }, '/home/ann/.bourse', /free space/],
  ])('%s', (code, changes, subject, remedy) => {
    expect(problemsOf(changes)).toEqual([{ code, subject, remedy: expect.stringMatching(remedy) }])
  })

  it('does not blame a market for a server that is away, nor for events on their way', () => {
    const down = { ...facts.health, nats: { ok: false, problem: 'refused' } }
    const waiting = { ...market, lag: 9, lagSeconds: 90, overdueSeconds: 90 }
    expect(problemsOf({ health: down, markets: [waiting] }).map(({ code }) => code)).toEqual([
      'server_unreachable',
    ])
    expect(findProblems({ ...facts, markets: [{ ...market, lag: 3, lagSeconds: 1 }] })).toEqual([])
  })
})
