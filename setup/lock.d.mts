import type { ProcessIdentity } from './process-identity.mjs'

export type LockAttempt = { taken: true; release: () => void } | { taken: false; holder: ProcessIdentity }
export function tryLock(path: string): LockAttempt
export function waitForLock(
  path: string,
  options: { waitMs: number; onWait?: (holder: ProcessIdentity) => void },
): Promise<() => void>
export function lockHolder(path: string): ProcessIdentity | undefined
export function releaseLock(path: string, holder: ProcessIdentity): void
