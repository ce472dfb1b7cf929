import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import packageFile from '../../package.json' with { type: 'json' }
import { tryLock } from '../../setup/lock.mjs'
import { readStackState, supervisorLock } from '../../shared/config/stack-state.ts'
import { copyRunningPostgres } from './copy-postgres.ts'
import { prepareHome } from './home.ts'
import { POSTGRES_FOLDER, postgresOwner } from './postgres.ts'
import { SECRETS_FILE } from './secrets.ts'
import { StackError } from './stack-error.ts'

const NOTE_FILE = 'backup.json'
/** What a stack keeps beside its database and cannot make anew; the stream is made from the database, workflows are started again. */
const KEPT_BESIDE = [SECRETS_FILE, 'llm.json']

const note = z.object({ takenAt: z.string(), bourse: z.string(), postgres: z.string() })

/** What a backup tells of itself. */
export type BackupNote = z.infer<typeof note>

/**
 * Writes everything the stack in `home` cannot make anew to the folder `target`, which must not exist yet, while the
 * stack runs. A backup that was cut off has no note in it and is not restored. Throws a StackError saying why not.
 */
export async function backUpStack(home: string, target: string): Promise<BackupNote> {
  const state = readStackState(home)
  if (state === undefined) {
    throw new StackError(
      'backup',
      `No stack is up in ${home}. Start it first; it goes on while it is backed up.`,
    )
  }
  if (!state.processes.some(({ name }) => name === 'postgres')) {
    throw new StackError(
      'backup',
      'This stack uses a Postgres of your own: back that up with its own tools, such as pg_basebackup. Nothing else need be kept.',
    )
  }
  if (existsSync(target))
    throw new StackError('backup', `${target} is there already; name a folder that is not.`)
  await mkdir(target, { recursive: true, mode: 0o700 })
  await copyRunningPostgres(state.postgres, join(home, POSTGRES_FOLDER), join(target, POSTGRES_FOLDER))
  for (const name of KEPT_BESIDE) {
    if (existsSync(join(home, name))) await cp(join(home, name), join(target, name), { recursive: true })
  }
  const taken: BackupNote = {
    takenAt: new Date().toISOString(),
    bourse: packageFile.version,
    postgres: readFileSync(join(target, POSTGRES_FOLDER, 'PG_VERSION'), 'utf8').trim(),
  }
  await writeFile(join(target, NOTE_FILE), `${JSON.stringify(taken)}\n`, { mode: 0o600 })
  return taken
}

/**
 * Puts a backup into `home`, whose stack must be down. What the home had is moved aside, and named in the answer; its
 * streams and workflows stay. Throws a StackError saying why not.
 */
export async function restoreStack(
  home: string,
  source: string,
): Promise<BackupNote & { movedAside: string[] }> {
  const taken = readNote(source)
  prepareHome(home)
  const lock = tryLock(supervisorLock(home))
  if (!lock.taken) throw new StackError('restore', `A stack is up in ${home}: \`bourse down\` ends it.`)
  try {
    const aside = `.before-${taken.takenAt.replaceAll(/[:.]/g, '-')}-${Date.now().toString(36)}`
    const movedAside: string[] = []
    for (const name of [POSTGRES_FOLDER, ...KEPT_BESIDE]) {
      if (!existsSync(join(source, name))) continue
      const place = join(home, name)
      const draft = `${place}.restoring`
      await rm(draft, { recursive: true, force: true })
      await cp(join(source, name), draft, { recursive: true })
      if (name === POSTGRES_FOLDER) await giveTo(await postgresOwner(home), draft)
      if (existsSync(place)) {
        await rename(place, `${place}${aside}`)
        movedAside.push(`${place}${aside}`)
      }
      await rename(draft, place)
    }
    return { ...taken, movedAside }
  } finally {
    lock.release()
  }
}

function readNote(source: string): BackupNote {
  try {
    return note.parse(JSON.parse(readFileSync(join(source, NOTE_FILE), 'utf8')))
  } catch {
    throw new StackError('restore', `${resolve(source)} is no complete backup: it has no ${NOTE_FILE}.`)
  }
}

async function giveTo(owner: { uid: number; gid: number } | undefined, folder: string): Promise<void> {
  await chmod(folder, 0o700)
  if (owner === undefined) return
  await chown(folder, owner.uid, owner.gid)
  for (const entry of await readdir(folder, { recursive: true })) {
    await chown(join(folder, entry), owner.uid, owner.gid)
  }
}
