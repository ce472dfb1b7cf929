import { CancellationScope, patched } from '@temporalio/workflow'

/** Calls `act` once when somebody asks for this run to be cancelled, from within a scope that goes on nevertheless. */
export function onCancelled(act: () => void): void {
  CancellationScope.current().cancelRequested.catch(act)
}

/**
 * A frame for what handlers do, so that a cancel does not cut it off: handlers run outside of every scope. Call it
 * once, at the beginning of a run; runs recorded before it go on as they were.
 */
export function shieldHandlers(): <T>(act: () => Promise<T>) => Promise<T> {
  return patched('shielded-handlers') ? act => CancellationScope.nonCancellable(act) : act => act()
}
