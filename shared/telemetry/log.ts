import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from '../config/environment.ts'

export type { Logger }

/**
 * The log of one process: JSON lines on `destination` (default: standard error), each with its process name.
 * Values from outside are JSON-escaped fields, never part of a line's frame.
 */
export function createLog(process: string, level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    { name: process, level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination({ fd: 2, sync: true }),
  )
}
