import { setTimeout as delay } from 'node:timers/promises'

/** Waits so many milliseconds; throws the signal's reason as soon as it is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

/** The wait before try number `failures` + 1: doubling from `firstMs` to `lastMs`, half of it chance. */
export function backoffMs(failures: number, firstMs: number, lastMs: number): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), lastMs)
  return full * (0.5 + Math.random() / 2)
}
