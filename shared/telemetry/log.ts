import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogFormat, LogLevel } from '../config/environment.ts'
import { escapeHidden } from './hidden-characters.ts'
import { activeLogFields } from './log-fields.ts'
import { formatLogLine } from './pretty-log.ts'

export type { Logger }

export interface LogOptions {
  level: LogLevel
  /** `auto`: for people when standard error is a terminal, else JSON. */
  format?: LogFormat
  /** Default: standard error. */
  destination?: DestinationStream
}

/**
 * The log of one process: a line for each message, with its time, level, process, and the trace, market, cycle and
 * agent it belongs to. Whatever a value from outside holds, it stays within its field of its line.
 */
export function createLog(processName: string, { level, format = 'auto', destination }: LogOptions): Logger {
  const out = destination ?? pino.destination({ fd: 2, sync: true })
  const isPretty = format === 'pretty' || (format === 'auto' && destination === undefined && isTerminal())
  return pino(
    {
      name: processName,
      level,
      base: { process: processName },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: activeLogFields,
      hooks: { streamWrite: isPretty ? formatLogLine : escapeHidden },
    },
    out,
  )
}

function isTerminal(): boolean {
  return process.stderr.isTTY === true
}
