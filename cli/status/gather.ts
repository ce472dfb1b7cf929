import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import packageFile from '../../package.json' with { type: 'json' }
import { isRunning } from '../../setup/process-identity.mjs'
import type { Bus } from '../../shared/bus/connect.ts'
import type { StackState } from '../../shared/config/stack-state.ts'
import { executionTaskQueue } from '../../shared/contracts/workflows.ts'
import { type ListedMarket, listMarkets } from '../../shared/db/market/list-markets.ts'
import { readGrowth } from '../../shared/db/market/read-growth.ts'
import type { Database } from '../../shared/db/pool.ts'
import { readSchemaVersion } from '../../shared/db/schema-version.ts'
import { explainError } from '../explain-error.ts'
import { startLinks } from '../show/start-links.ts'
import type { Servers } from '../stack/servers.ts'
import { callTemporal } from '../temporal/call-temporal.ts'
import { findOrphans } from '../temporal/find-orphans.ts'
import type { Health, MarketFacts, StatusFacts } from './facts.ts'

/** More markets than this are not shown; `market list` pages through all. */
const MAX_MARKETS = 1_000
/** So many tables tell where a database grows. */
const MAX_TABLES = 8
/** A worker's poll lasts a minute; one that did not come back for two is gone. */
const POLLED_WITHIN_MS = 120_000
const WORKFLOW_TASKS = 1
const ACTIVITY_TASKS = 2
/** What the start links are filled in with where there is no market yet. */
const EXAMPLE = { market: 'first', agent: 'ann' }

type Poller = { identity?: string | null; lastAccessTime?: { seconds?: unknown } | null }

/** Asks every server once, side by side, for what `status` shows; one that does not answer leaves its part empty. */
export async function gatherStatus(
  servers: Servers,
  home: string,
  state: StackState | undefined,
  temporalUi: string | null,
): Promise<StatusFacts> {
  const { temporal } = servers.environment()
  const [database, server, bus] = await Promise.all([
    ask(() => askPostgres(servers.database())),
    ask(async () => askTemporal(await servers.temporal(), temporal.namespace, temporal.taskQueue)),
    ask(async () => askNats(await servers.bus())),
  ])
  const listed = database.found?.markets ?? []
  const streams = bus.found === null ? null : await ask(async () => streamsOf(await servers.bus(), listed))
  const open = listed.filter(({ status }) => status !== 'closed').map(({ marketId }) => marketId)
  const orphans = server.health.ok ? await findOrphans(await servers.temporal(), open) : []
  const ownTemporal = state?.processes.some(({ name }) => name === 'temporal') === true
  return {
    home: state === undefined ? null : home,
    taskQueue: temporal.taskQueue,
    health: { postgres: database.health, temporal: server.health, nats: (streams ?? bus).health },
    versions: {
      bourse: packageFile.version,
      node: process.versions.node,
      temporalSdk: packageFile.dependencies['@temporalio/client'],
      postgres: database.found?.version ?? null,
      temporal: server.found?.version ?? null,
      nats: bus.found?.version ?? null,
      schema: database.found?.schema ?? null,
    },
    processes: (state?.processes ?? []).map(one => ({
      name: one.name,
      pid: one.pid,
      running: isRunning(one),
      log: one.log,
    })),
    workers: server.found?.workers ?? null,
    programWorkers: server.found?.programWorkers ?? null,
    markets: listed.map(market => ({
      ...marketFacts(market, orphans),
      ...(streams?.found?.get(market.marketId) ?? UNKNOWN_STREAM),
    })),
    growth: {
      databaseBytes: database.found?.databaseBytes ?? null,
      tables: database.found?.tables ?? [],
      streamBytes: bus.found?.bytes ?? null,
      streams: bus.found?.streams ?? null,
      temporalBytes: ownTemporal ? sizeOf(join(home, 'temporal', 'temporal.db')) : null,
      temporalRetentionSeconds: server.found?.retentionSeconds ?? null,
      freeBytes: state === undefined ? null : freeIn(home),
    },
    startLinks:
      temporalUi === null
        ? []
        : startLinks(
            { address: temporalUi, namespace: temporal.namespace, taskQueue: temporal.taskQueue },
            open[0] ?? EXAMPLE.market,
            EXAMPLE.agent,
          ),
  }
}

/** What NATS tells of a market's stream when it tells nothing. */
const UNKNOWN_STREAM = { events: null, bytes: null, deadLetters: null }

async function ask<T>(use: () => Promise<T>): Promise<{ health: Health; found: T | null }> {
  try {
    return { found: await use(), health: { ok: true, problem: null } }
  } catch (error) {
    return { found: null, health: { ok: false, problem: explainError(error).message } }
  }
}

async function askPostgres(db: Database) {
  return {
    markets: await listMarkets(db, MAX_MARKETS),
    schema: await readSchemaVersion(db),
    ...(await readGrowth(db, MAX_TABLES)),
  }
}

async function askNats({ connection, manager }: Bus) {
  const { storage, streams } = await manager.getAccountInfo()
  return { version: connection.info?.version ?? '', bytes: storage, streams }
}

async function streamsOf(bus: Bus, markets: readonly ListedMarket[]) {
  const { listStreams } = await import('../../shared/bus/list-streams.ts')
  return await listStreams(
    bus,
    markets.map(({ marketId }) => marketId),
  )
}

async function askTemporal(client: Client, namespace: string, taskQueue: string) {
  const { workflowService } = client
  const [system, described, markets, programs] = await callTemporal(client, () =>
    Promise.all([
      workflowService.getSystemInfo({}),
      workflowService.describeNamespace({ namespace }),
      workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: WORKFLOW_TASKS,
      }),
      workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: executionTaskQueue(taskQueue) },
        taskQueueType: ACTIVITY_TASKS,
      }),
    ]),
  )
  return {
    version: system.serverVersion ?? '',
    retentionSeconds: Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0),
    workers: identitiesOf(markets),
    programWorkers: identitiesOf(programs),
  }
}

/** Who polled a task queue lately. */
function identitiesOf({ pollers }: { pollers?: Poller[] | null }): string[] {
  const recently = Date.now() - POLLED_WITHIN_MS
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > recently)
    .map(({ identity }) => identity ?? '')
}

function marketFacts(
  market: ListedMarket,
  orphans: readonly string[],
): Omit<MarketFacts, 'events' | 'bytes' | 'deadLetters'> {
  return {
    marketId: market.marketId,
    status: market.status,
    cycles: market.lastCycle,
    book: market.pendingBids,
    leases: market.activeLeases,
    lag: market.lastSeq - market.publishedSeq,
    lagSeconds: market.lagSeconds,
    divergedAfter: market.divergedAfter,
    overdueSeconds: market.overdueSeconds,
    priceSource: market.priceSource,
    priceAgeSeconds: market.priceAgeSeconds,
    orphan: orphans.includes(market.marketId),
  }
}

/** A database file with what its write-ahead log holds. */
function sizeOf(file: string): number {
  return ['', '-wal'].reduce(
    (bytes, end) => bytes + (statSync(`${file}${end}`, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
