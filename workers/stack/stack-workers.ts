import { fileURLToPath } from 'node:url'
import type { WorkerSpec } from './worker-process.ts'

/** The worker whose address is told as the stack's `llm`. */
export const LLM_PROXY = 'llm-proxy'

/** Bourse's own processes in a local stack. */
export const STACK_WORKERS: WorkerSpec[] = [
  { name: 'market-worker', script: fileURLToPath(new URL('../market-worker.ts', import.meta.url)) },
  { name: LLM_PROXY, script: fileURLToPath(new URL('../llm-proxy.ts', import.meta.url)) },
  {
    name: 'identity',
    script: fileURLToPath(new URL('../identity.ts', import.meta.url)),
    duties: ['identity'],
  },
  {
    name: 'gateway',
    script: fileURLToPath(new URL('../gateway.ts', import.meta.url)),
    duties: ['gateway'],
  },
]
