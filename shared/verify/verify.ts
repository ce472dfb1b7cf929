import type { Bus } from '../bus/connect.ts'
import {
  type AuditedMarket,
  type AuditFinding,
  allowLongReading,
  auditMarkets,
  readAuditedMarkets,
} from '../db/audit/audit.ts'
import { EVENT_CHECKS } from '../db/audit/audit-checks.ts'
import { createPostgresOutbox } from '../db/events/outbox.ts'
import type { Database, DatabaseClient } from '../db/pool.ts'
import { atOneSnapshot } from '../db/transaction.ts'
import { compareStream } from './compare-stream.ts'
import { checkRebuilt, REBUILD_CHECK } from './rebuild.ts'
import {
  type Check,
  checkOfFinding,
  checkOfStream,
  reportOf,
  STREAM_CHECK,
  type VerifyReport,
} from './report.ts'

export type { VerifyReport } from './report.ts'

export interface VerifyOptions {
  db: Database
  bus: Bus
  /** One market; absent: all there are. */
  marketId?: string
  /** Rebuild every market from its stream alone as well, and compare. */
  fromEvents?: boolean
  /** A publisher that makes no progress for so long has failed to bring the stream up to date. */
  publishWaitMs?: number
}

const PUBLISH_WAIT_MS_MAX = 15_000

/**
 * Audits markets while they run: everything in Postgres at one snapshot, then each stream up to the last event of
 * that snapshot, and with `fromEvents` the state rebuilt from the stream. Throws for a market that does not exist,
 * and when a server is out of reach.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { db, marketId, fromEvents = false } = options
  const snapshot = await atOneSnapshot(db, async client => {
    await allowLongReading(client)
    const markets = await readAuditedMarkets(client, marketId ?? null)
    const sinceMs = Date.now()
    const findings = await auditMarkets(
      client,
      markets.map(one => one.marketId),
    )
    const audit: Audit = { markets, findings, sinceMs }
    return { ...audit, ofEvents: fromEvents ? await checkEvents(options, audit, client) : null }
  })
  if (marketId !== undefined && snapshot.markets.length === 0)
    throw new Error(`there is no market ${marketId}`)
  const ofEvents = snapshot.ofEvents ?? (await checkEvents(options, snapshot, null))
  return reportOf(
    snapshot.markets.map(one => one.marketId),
    [...snapshot.findings.map(checkOfFinding), ...ofEvents],
  )
}

/** What the audit of one snapshot of Postgres found. */
interface Audit {
  markets: AuditedMarket[]
  findings: AuditFinding[]
  sinceMs: number
}

/** Checks each market's stream; with the snapshot's client what it rebuilds, too. */
async function checkEvents(
  { db, bus, publishWaitMs: waitMs = PUBLISH_WAIT_MS_MAX }: VerifyOptions,
  { markets, findings, sinceMs }: Audit,
  client: DatabaseClient | null,
): Promise<Check[]> {
  const outbox = createPostgresOutbox(db)
  const checks: Check[] = []
  for (const { marketId, firstSeq, lastSeq } of markets) {
    if (hasBrokenEvents(findings, marketId)) {
      checks.push(notDone(STREAM_CHECK, marketId, 'not compared: the events in Postgres are not whole'))
    } else {
      const comparison = await compareStream({ bus, outbox, marketId, firstSeq, lastSeq, sinceMs, waitMs })
      checks.push(checkOfStream(marketId, comparison))
    }
    if (client === null) continue
    if (checks.at(-1)!.ok) checks.push(...(await checkRebuilt(client, { bus, marketId, lastSeq, waitMs })))
    else checks.push(notDone(REBUILD_CHECK, marketId, 'not rebuilt: the stream is not whole'))
  }
  return checks
}

function hasBrokenEvents(findings: readonly AuditFinding[], marketId: string): boolean {
  const names = EVENT_CHECKS.map(check => check.name)
  return findings.some(one => one.marketId === marketId && one.wrong > 0 && names.includes(one.name))
}

function notDone(name: string, market: string, detail: string): Check {
  return { name, market, ok: false, checked: 0, detail }
}
