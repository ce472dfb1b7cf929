import type { Bus } from '../bus/connect.ts'
import { type AuditFinding, allowLongReading, auditMarkets, readAuditedMarkets } from '../db/audit.ts'
import { EVENT_CHECKS } from '../db/audit-checks.ts'
import { createPostgresOutbox } from '../db/outbox.ts'
import type { Database } from '../db/pool.ts'
import { atOneSnapshot } from '../db/transaction.ts'
import { compareStream } from './compare-stream.ts'
import { checkRebuilt } from './rebuild.ts'
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
  const { db, bus, marketId, fromEvents = false, publishWaitMs: waitMs = PUBLISH_WAIT_MS_MAX } = options
  const { markets, findings, rebuilt } = await atOneSnapshot(db, async client => {
    await allowLongReading(client)
    const markets = await readAuditedMarkets(client, marketId ?? null)
    const findings = await auditMarkets(
      client,
      markets.map(one => one.marketId),
    )
    const rebuilt: Check[] = []
    if (fromEvents) {
      for (const market of markets) rebuilt.push(...(await checkRebuilt(client, { bus, ...market, waitMs })))
    }
    return { markets, findings, rebuilt }
  })
  if (marketId !== undefined && markets.length === 0) throw new Error(`there is no market ${marketId}`)

  const checks = findings.map(checkOfFinding)
  const outbox = createPostgresOutbox(db)
  for (const { marketId, lastSeq } of markets) {
    if (hasBrokenEvents(findings, marketId)) {
      checks.push(notCompared(marketId))
      continue
    }
    const comparison = await compareStream({ bus, outbox, marketId, lastSeq, waitMs })
    checks.push(checkOfStream(marketId, comparison))
  }
  return reportOf(
    markets.map(one => one.marketId),
    [...checks, ...rebuilt],
  )
}

function hasBrokenEvents(findings: readonly AuditFinding[], marketId: string): boolean {
  const names = EVENT_CHECKS.map(check => check.name)
  return findings.some(one => one.marketId === marketId && one.wrong > 0 && names.includes(one.name))
}

function notCompared(market: string): Check {
  const detail = 'not compared: the events in Postgres are not whole'
  return { name: STREAM_CHECK, market, ok: false, checked: 0, detail }
}
