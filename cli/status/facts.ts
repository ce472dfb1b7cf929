import type { TableSize } from '../../shared/db/market/read-growth.ts'
import type { SchemaVersion } from '../../shared/db/schema-version.ts'
import type { StartLink } from '../show/start-links.ts'

export interface Health {
  ok: boolean
  problem: string | null
}

/** A market as `status` shows it; what is an age or a delay is in seconds. */
export interface MarketFacts {
  marketId: string
  status: string
  cycles: number
  book: number
  leases: number
  lag: number
  /** How long the oldest unpublished event has waited. */
  lagSeconds: number
  /** What its stream holds, and its size; null: NATS did not tell. */
  events: number | null
  bytes: number | null
  deadLetters: number | null
  /** Publication is halted: the stream has events after this one that Postgres lacks. */
  divergedAfter: number | null
  /** Since it should have looked for work; 0 when nothing is overdue. */
  overdueSeconds: number
  priceSource: string
  priceAgeSeconds: number | null
  orphan: boolean
}

/** What is known of servers, processes and markets, before anything is concluded from it. */
export interface StatusFacts {
  home: string | null
  taskQueue: string
  health: Record<'postgres' | 'temporal' | 'nats', Health>
  versions: {
    bourse: string
    node: string
    temporalSdk: string
    postgres: string | null
    temporal: string | null
    nats: string | null
    schema: SchemaVersion | null
  }
  processes: { name: string; pid: number; running: boolean; log: string }[]
  /** Identities of the workers that polled within two minutes; null: Temporal did not say. */
  workers: string[] | null
  /** Those of them that have a sandbox and so run agents' programs. */
  programWorkers: string[] | null
  markets: MarketFacts[]
  growth: {
    databaseBytes: number | null
    tables: TableSize[]
    /** Everything JetStream keeps for this account. */
    streamBytes: number | null
    streams: number | null
    /** The history of the local stack's own Temporal. */
    temporalBytes: number | null
    temporalRetentionSeconds: number | null
    /** Free where the local stack keeps its data. */
    freeBytes: number | null
  }
  startLinks: StartLink[]
}
