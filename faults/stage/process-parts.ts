import { fileURLToPath } from 'node:url'
import type { Duty } from '../../shared/config/stack-state.ts'
import { prepareWorker, workerReadiness } from '../../workers/stack/worker-process.ts'
import { type Cast, UPSTREAM } from '../cast.ts'
import type { DefectName } from '../defects/defect-names.ts'
import { readReached } from '../worker/reached-points.ts'
import type { ManagedSpec } from './managed-part.ts'
import { writeUpstreams } from './upstream.ts'

/** Where processes run, and how they reach the servers. */
interface Place {
  home: string
  cast: Cast
  /** What is wrong on purpose, by market. */
  defects: Readonly<Record<string, DefectName>>
  /** The file with the workflows of all workers. */
  workflows: string
  environmentOf: (who: string, duties: readonly Duty[]) => Record<string, string>
  portOf: (who: string | null, whom: string) => number
}

interface Process {
  name: string
  script: string
  duties?: readonly Duty[]
  env?: Record<string, string>
}

/** Bourse's own processes on a stage: a new kind is one more line here, and in `faults/cast.ts`. */
export function processParts(place: Place): ManagedSpec[] {
  const { cast, defects, home, workflows } = place
  const markets = { FAULTS_MARKETS: cast.markets.join(',') }
  const processes: Process[] = [
    ...cast.workers.map(name => ({
      name,
      script: '../worker/fault-worker.ts',
      env: { FAULTS_PART: name, FAULTS_DEFECTS: JSON.stringify(defects), FAULTS_WORKFLOWS: workflows },
    })),
    ...cast.gateways.map(name => ({
      name,
      script: '../../workers/gateway.ts',
      duties: ['gateway'] as const,
    })),
    ...cast.identities.map(name => ({
      name,
      script: '../../workers/identity.ts',
      duties: ['identity'] as const,
    })),
    ...cast.llmProxies.map(name => ({
      name,
      script: '../../workers/llm-proxy.ts',
      env: {
        BOURSE_LLM_PORT: String(place.portOf(null, name)),
        BOURSE_LLM_CONFIG: writeUpstreams(home, name, place.portOf(name, UPSTREAM)),
      },
    })),
    ...cast.collectors.map(name => ({ name, script: '../watch/collector-process.ts', env: markets })),
  ]
  return processes.map(({ name, script, duties = [], env }) => {
    const worker = {
      name,
      script: fileURLToPath(new URL(script, import.meta.url)),
      env: { BOURSE_LOG_LEVEL: 'warn', FAULTS_FOLDER: home, ...env },
    }
    return {
      name,
      prepare: () => prepareWorker(home, worker, place.environmentOf(name, duties)),
      readiness: workerReadiness,
      wasToldToEnd: pid => readReached(home, name).some(reached => reached.pid === pid),
    }
  })
}
