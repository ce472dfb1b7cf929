import type { Pauses } from '../../market/market-clock.ts'

/** A market's pauses, read off a row that has its `paused_ms` and `paused_at`. */
export function pausesIn(row: { paused_ms: bigint; paused_at: Date | null }): Pauses {
  return { pausedMs: Number(row.paused_ms), pausedAtMs: row.paused_at?.getTime() ?? null }
}
