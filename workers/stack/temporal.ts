import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { logFile, readLogFrom } from './home.ts'
import type { Part, PartSpec } from './part.ts'

const NAME = 'temporal'
const CONNECT_WAIT_MS = 2_000
const STOP_WAIT_MS = 15_000

export const TEMPORAL_NAMESPACE = 'default'

// Left alone, the server polls its queues 20 times a second, so that every step of a workflow waits for a tick.
const DYNAMIC_CONFIGURATION = {
  'history.transferProcessorMaxPollRPS': '10000',
  'history.timerProcessorMaxPollRPS': '10000',
  'system.enableActivityEagerExecution': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  // A pile of waiting signals has to be handled within the few seconds one activation may take.
  'history.maximumSignalsPerExecution': '1500',
}

const SQLITE_PRAGMAS = { journal_mode: 'WAL', synchronous: 'NORMAL' }

const SEARCH_ATTRIBUTES = {
  BourseMarket: 'Keyword',
  BourseAgent: 'Keyword',
  BourseCycle: 'Int',
  BourseScenario: 'Keyword',
}

/** Says how to start Temporal's development server with its data in `home`. */
export function prepareTemporal(
  home: string,
  options: { binary: string; port: number; uiPort: number },
): PartSpec {
  const folder = join(home, 'temporal')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    name: NAME,
    command: options.binary,
    args: temporalArguments({ ...options, databaseFile: join(folder, 'temporal.db') }),
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    cwd: folder,
    log: logFile(home, NAME),
    stopSignal: 'SIGTERM',
    stopWaitMs: STOP_WAIT_MS,
  }
}

/** The command line of the development server. */
export function temporalArguments(options: { port: number; uiPort: number; databaseFile: string }): string[] {
  return [
    ...['server', 'start-dev'],
    ...['--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--db-filename', options.databaseFile, '--namespace', TEMPORAL_NAMESPACE, '--log-level', 'warn'],
    ...repeated('--dynamic-config-value', DYNAMIC_CONFIGURATION),
    ...repeated('--sqlite-pragma', SQLITE_PRAGMAS),
    ...repeated('--search-attribute', SEARCH_ATTRIBUTES),
  ]
}

/**
 * True when this server, not another program on its port, says it is up and knows its namespace, which by then keeps
 * finished workflows for so many hours.
 */
export async function temporalReady(part: Part, port: number, keepHours: number): Promise<boolean> {
  if (!readLogFrom(part.record.log, part.logFromByte).includes(`:${port}\n`)) return false
  const connection = await Connection.connect({
    address: `127.0.0.1:${port}`,
    connectTimeout: CONNECT_WAIT_MS,
  })
  try {
    const { workflowService } = connection
    const seconds = keepHours * 3_600
    const { config } = await workflowService.describeNamespace({ namespace: TEMPORAL_NAMESPACE })
    if (Number(config?.workflowExecutionRetentionTtl?.seconds) === seconds) return true
    await workflowService.updateNamespace({
      namespace: TEMPORAL_NAMESPACE,
      config: { workflowExecutionRetentionTtl: msToTs(seconds * 1_000) },
    })
    return true
  } finally {
    await connection.close()
  }
}

function repeated(flag: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`])
}
