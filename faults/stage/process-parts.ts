import { fileURLToPath } from 'node:url'
import { prepareWorker, workerReadiness } from '../../workers/stack/worker-process.ts'
import { type Cast, COLLECTOR } from '../cast.ts'
import { readReached } from '../worker/reached-points.ts'
import type { ManagedSpec } from './managed-part.ts'

/** Where processes run, and how they reach the servers. */
interface Place {
  home: string
  cast: Cast
  environmentOf: (who: string) => Record<string, string>
}

/** Bourse's own processes on a stage; each reaches the servers by lines of its own. */
export function processParts(place: Place): ManagedSpec[] {
  const { cast, home } = place
  return [
    ...cast.workers.map(name => processPart(place, name, '../worker/fault-worker.ts', name)),
    ...cast.collectors.map(name =>
      processPart(place, name, '../watch/collector-process.ts', COLLECTOR, {
        FAULTS_MARKETS: cast.markets.join(','),
        FAULTS_FOLDER: home,
      }),
    ),
  ]
}

function processPart(
  place: Place,
  name: string,
  script: string,
  who: string,
  env: Record<string, string> = {},
): ManagedSpec {
  const worker = {
    name,
    script: fileURLToPath(new URL(script, import.meta.url)),
    env: { BOURSE_LOG_LEVEL: 'warn', FAULTS_FOLDER: place.home, FAULTS_PART: name, ...env },
  }
  return {
    name,
    prepare: () => prepareWorker(place.home, worker, place.environmentOf(who)),
    readiness: workerReadiness,
    wasToldToEnd: pid => readReached(place.home, name).some(reached => reached.pid === pid),
  }
}
