import { createHash } from 'node:crypto'
import type { Scenario } from '../scenario/scenario.ts'
import type { AgentLimits, AgentUnderTest } from './agent-under-test.ts'
import { isScripted, type Judge } from './judge.ts'
import type { RunRequest } from './run-request.ts'

/** What a run was: enough to say whether two runs may be compared. */
export interface RunManifest {
  version: 1
  runId: string
  /** The version of Bourse that ran it. */
  bourse: string
  scenarios: { id: string; domain: string; hash: string }[]
  agent: { name: string; kind: string; model: string | null; hash: string }
  limits: AgentLimits
  judges: Judge[]
  trials: number
  seed: number
  /** False: with a scripted judge it meets no bar. */
  official: boolean
  parallel: number
  maxCost: string | null
}

/** Everything that a run needs, as it was given. */
export interface RunInputs {
  scenarios: Scenario[]
  agent: AgentUnderTest
  /** Scenarios that are not of the standard catalogue, by id. */
  origins?: Record<string, 'variant' | 'holdout'>
}

/** SHA-256 of a JSON value, whatever the order of its keys. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

/** A JSON value as one text that does not depend on the order of keys. */
export function canonicalJson(content: unknown): string {
  if (Array.isArray(content)) return `[${content.map(one => canonicalJson(one ?? null)).join(',')}]`
  if (typeof content !== 'object' || content === null) return JSON.stringify(content) ?? 'null'
  const entries = Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`).join(',')}}`
}

/** The manifest of a run that is about to begin. */
export function makeManifest(
  runId: string,
  { scenarios, agent }: RunInputs,
  request: RunRequest,
  bourse: string,
): RunManifest {
  const { limits, ...described } = agent
  return {
    version: 1,
    runId,
    bourse,
    scenarios: scenarios.map(scenario => ({
      id: scenario.id,
      domain: scenario.domain,
      hash: contentHash(scenario),
    })),
    agent: {
      name: agent.name,
      kind: agent.kind,
      model: agent.kind === 'llm' ? agent.model : null,
      hash: contentHash(described),
    },
    limits,
    judges: request.judges,
    trials: request.trials,
    seed: request.seed,
    official: !request.judges.some(isScripted),
    parallel: request.parallel,
    maxCost: request.maxCost,
  }
}

/** In what two runs differ beside their agents; nothing: they may be compared. */
export function differencesBesideAgent(a: RunManifest, b: RunManifest): string[] {
  const parts = {
    version: (run: RunManifest) => run.version,
    'version of Bourse': (run: RunManifest) => run.bourse,
    scenarios: (run: RunManifest) => run.scenarios.toSorted((x, y) => (x.id < y.id ? -1 : 1)),
    limits: (run: RunManifest) => run.limits,
    judges: (run: RunManifest) => run.judges,
    trials: (run: RunManifest) => run.trials,
    seed: (run: RunManifest) => run.seed,
  }
  return Object.entries(parts)
    .filter(([, part]) => canonicalJson(part(a)) !== canonicalJson(part(b)))
    .map(([name]) => name)
}
