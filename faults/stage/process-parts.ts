import { fileURLToPath } from 'node:url'
import { prepareWorker, workerReadiness } from '../../workers/stack/worker-process.ts'
import { COLLECTOR } from '../cast.ts'
import type { ManagedSpec } from './managed-part.ts'
import type { Stage } from './open-stage.ts'

/** Bourse's own processes on a stage; each reaches the servers by lines of its own. */
export function processParts(stage: Stage): ManagedSpec[] {
  const { cast, home } = stage
  return [
    ...cast.workers.map(name => processPart(stage, name, '../worker/fault-worker.ts', name)),
    ...cast.collectors.map(name =>
      processPart(stage, name, '../watch/collector-process.ts', COLLECTOR, {
        FAULTS_MARKETS: cast.markets.join(','),
        FAULTS_FOLDER: home,
      }),
    ),
  ]
}

function processPart(
  stage: Stage,
  name: string,
  script: string,
  who: string,
  env: Record<string, string> = {},
): ManagedSpec {
  const worker = {
    name,
    script: fileURLToPath(new URL(script, import.meta.url)),
    env: { BOURSE_LOG_LEVEL: 'warn', FAULTS_FOLDER: stage.home, FAULTS_PART: name, ...env },
  }
  return {
    name,
    prepare: () => prepareWorker(stage.home, worker, stage.environmentOf(who)),
    readiness: workerReadiness,
  }
}
