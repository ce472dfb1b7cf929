import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isRunning, ownIdentity } from './process-identity.mjs'

const TAKE_ATTEMPTS_MAX = 20
const WAIT_STEP_MS = 100

/**
 * Takes the lock file at `path` for this process, at once or not at all.
 * A lock whose holder is no longer running is taken over.
 * Returns `{ taken: true, release }`, or `{ taken: false, holder }` with the identity of the holder.
 */
export function tryLock(path) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = ownIdentity()
  const draft = `${path}.${mine.pid}.${process.hrtime.bigint()}`
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < TAKE_ATTEMPTS_MAX; attempt += 1) {
      if (linkIfFree(draft, path)) return { taken: true, release: () => releaseLock(path, mine) }
      const holder = readHolder(path)
      if (holder && isRunning(holder)) return { taken: false, holder }
      removeStale(path, holder, `${draft}.stale`)
    }
    throw new Error(`could not take the lock ${path}: it changes hands all the time`)
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Takes the lock at `path`, waiting for its holder up to `waitMs`; `onWait(holder)` is told once that it waits.
 * Returns the function that gives it back. Throws when the bound passes.
 */
export async function waitForLock(path, { waitMs, onWait }) {
  const deadline = Date.now() + waitMs
  let told = false
  for (;;) {
    const lock = tryLock(path)
    if (lock.taken) return lock.release
    if (!told) onWait?.(lock.holder)
    told = true
    if (Date.now() > deadline) {
      throw new Error(
        `process ${lock.holder.pid} has held ${path} for ${Math.round(waitMs / 1000)} s; end it, then try again`,
      )
    }
    await new Promise(resolve => setTimeout(resolve, WAIT_STEP_MS))
  }
}

/** The identity of the running process that holds the lock at `path`, or undefined when nobody does. */
export function lockHolder(path) {
  const holder = readHolder(path)
  return holder && isRunning(holder) ? holder : undefined
}

/** Removes the lock at `path` if `holder` is who it names. */
export function releaseLock(path, holder) {
  const found = readHolder(path)
  if (found?.pid === holder.pid && found.birth === holder.birth) rmSync(path, { force: true })
}

function linkIfFree(draft, path) {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

// Two processes may find the same stale lock; the slower one must not remove the faster one's new lock.
function removeStale(path, stale, aside) {
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved && (moved.pid !== stale?.pid || moved.birth !== stale?.birth)) linkIfFree(aside, path)
  rmSync(aside, { force: true })
}
