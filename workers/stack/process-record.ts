import { readFileSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { processFile } from '../../shared/config/stack-state.ts'
import { writeFileAtomically } from './atomic-file.ts'

const record = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  birth: z.string(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
  stopWaitMs: z.number().positive(),
  log: z.string(),
})

/** A process that was started, with what is needed to end it and nothing else. */
export type ProcessRecord = z.infer<typeof record>

const recordFile = z.object({
  supervisor: z.object({ pid: z.number(), birth: z.string() }),
  processes: z.array(record),
})

/** What a supervisor has started, in the order of starting. */
export type RecordFile = z.infer<typeof recordFile>

/** Keeps on disk what the supervisor of `home` has started, so that anybody can end it later. */
export function writeRecords(home: string, records: RecordFile): void {
  writeFileAtomically(processFile(home), `${JSON.stringify(records)}\n`)
}

/** What was last recorded in `home`, or undefined. */
export function readRecords(home: string): RecordFile | undefined {
  try {
    return recordFile.parse(JSON.parse(readFileSync(processFile(home), 'utf8')))
  } catch {
    return undefined
  }
}

export function removeRecords(home: string): void {
  rmSync(processFile(home), { force: true })
}

/** Reads records that came over a pipe; undefined when they are not whole. */
export function parseRecords(line: string): ProcessRecord[] | undefined {
  try {
    return z.array(record).parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
