import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PointName } from './point-names.ts'

/** A point that a worker has reached, written before it ends or freezes itself: a dead process tells nothing. */
export interface ReachedPoint {
  id: string
  point: PointName
  pid: number
}

/** Notes, in time, that this process is at a point. */
export function noteReached(folder: string, worker: string, id: string, point: PointName): void {
  const reached: ReachedPoint = { id, point, pid: process.pid }
  appendFileSync(fileOf(folder, worker), `${JSON.stringify(reached)}\n`)
}

/** The points a worker has reached, in all its lives. */
export function readReached(folder: string, worker: string): ReachedPoint[] {
  const file = fileOf(folder, worker)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

function fileOf(folder: string, worker: string): string {
  return join(folder, `${worker}.points`)
}
