import { fileURLToPath } from 'node:url'
import type { WorkerSpec } from './worker-process.ts'

/** Bourse's own processes in a local stack. */
export const STACK_WORKERS: WorkerSpec[] = [
  { name: 'market-worker', script: fileURLToPath(new URL('../market-worker.ts', import.meta.url)) },
  { name: 'gateway', script: fileURLToPath(new URL('../gateway.ts', import.meta.url)) },
]
