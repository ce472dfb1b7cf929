import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { StackError } from './stack-error.ts'

/** What a copy of a running Postgres leaves out: its content belongs to the process, or is made anew at start. */
const EMPTY_IN_COPY = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
]
const NOT_IN_COPY = /^(postmaster\.(pid|opts)|pg_internal\.init|pgsql_tmp.*|backup_label|tablespace_map)$/
const WAL_SEGMENT = /^[0-9A-F]{24}$/
const FOLDERS_OF_WAL = ['archive_status', 'summaries']
const CONNECT_WAIT_MS = 5_000

/**
 * Copies the data of a running Postgres from `data` to `target`, which must not exist, so that Postgres starts from
 * the copy with everything that was committed when the copy was complete (PostgreSQL's documentation, "Making a
 * Base Backup Using the Low Level API"). Writers are not held up.
 */
export async function copyRunningPostgres(url: string, data: string, target: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WAIT_MS })
  client.on('error', () => {})
  await client.connect()
  try {
    // The slot keeps what is logged meanwhile; it goes with this connection.
    const slot = `bourse_backup_${process.pid}`
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [slot])
    await client.query(`select pg_backup_start('bourse backup', true)`)
    await mkdir(target, { recursive: true, mode: 0o700 })
    await copyFolder(data, target, true)
    const { rows } = await client.query('select labelfile, spcmapfile from pg_backup_stop(false)')
    const { labelfile: label, spcmapfile: tablespaces } = rows[0]
    if (tablespaces?.trim()) {
      throw new StackError(
        'backup',
        'This Postgres has tablespaces of its own, which a backup does not hold.',
      )
    }
    await writeFile(join(target, 'backup_label'), label, { mode: 0o600 })
    await copyWal(join(data, 'pg_wal'), join(target, 'pg_wal'), firstSegment(label))
  } finally {
    await client.end().catch(() => {})
  }
}

/** The log segment a copy begins with, by its label. */
export function firstSegment(label: string): string {
  const segment = /^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)/m.exec(label)?.[1]
  if (segment === undefined)
    throw new StackError('backup', `Postgres wrote an unknown backup label:\n${label}`)
  return segment
}

async function copyFolder(from: string, to: string, isTop: boolean): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (NOT_IN_COPY.test(entry.name)) continue
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o700 })
      if (!(isTop && EMPTY_IN_COPY.includes(entry.name))) await copyFolder(source, target, false)
    } else if (entry.isFile()) {
      await copyUnlessGone(source, target)
    }
  }
}

async function copyWal(from: string, to: string, first: string): Promise<void> {
  for (const folder of FOLDERS_OF_WAL) await mkdir(join(to, folder), { mode: 0o700 })
  // A segment's number stands in its name, in figures of fixed width.
  const segments = (await readdir(from)).filter(name => WAL_SEGMENT.test(name) && name >= first)
  for (const name of segments) await copyUnlessGone(join(from, name), join(to, name))
}

/** A table dropped while it is copied is gone; what the log says of it is enough. */
async function copyUnlessGone(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
