import { DefaultLogger, type LogLevel } from '@temporalio/worker'
import type { Logger } from '../shared/telemetry/log.ts'

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** Temporal's own messages, and those of workflows and activities, as lines of a process's log. */
export function createTemporalLogger(log: Logger): DefaultLogger {
  const lowest: LogLevel = log.isLevelEnabled('debug') ? 'DEBUG' : 'INFO'
  return new DefaultLogger(lowest, ({ level, message, meta }) => log[LEVELS[level]]({ ...meta }, message))
}
