import type { WorkerSpec } from './worker-process.ts'

/** Bourse's own processes in a local stack: each script, relative to this file, says when it is ready. */
export const STACK_WORKERS: WorkerSpec[] = []
