import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { agentUnderTestSchema } from '../../shared/benchmark/agent-under-test.ts'
import { canonicalJson, makeManifest } from '../../shared/benchmark/manifest.ts'
import { exportLines } from '../../shared/benchmark/run-export.ts'
import { runRequestSchema } from '../../shared/benchmark/run-request.ts'
import type { StoredTrial } from '../../shared/benchmark/run-store.ts'
import { AGENT } from '../../shared/benchmark/trial.ts'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import { validateTrial } from '../../shared/scenario/validate-trial.ts'
import { PATIENCE_MS } from '../patience.ts'
import { standardScenario } from '../shared/scenario/catalogue.ts'
import { CONDUCT } from '../shared/scenario/discrimination.ts'
import { AGENT as PLAYED, trialOf } from '../shared/scenario/trial.ts'
import { root } from './markdown.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'bourse-revalidate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What agents did in every scenario of the catalogue, right and wrong, as one exported run; `verdict` may be forged. */
function exported(forge: (verdict: string) => string = verdict => verdict) {
  const trials: StoredTrial[] = []
  const events = new Map<string, BourseEvent[]>()
  const scenarios = CONDUCT.map(({ id }) => standardScenario(id))
  for (const { id, right, wrong } of CONDUCT) {
    for (const [place, said] of [...Object.values(right), ...Object.values(wrong)].entries()) {
      const marketId = `bench-a-${id.replaceAll('_', '-')}-${place + 1}`
      const text = JSON.stringify(trialOf(...said).events).replaceAll(`"${PLAYED}"`, `"${AGENT}"`)
      const played = JSON.parse(text) as BourseEvent[]
      const verdict = validateTrial(standardScenario(id), { agent: AGENT, events: played })
      events.set(
        marketId,
        played.map(event => ({ ...event, market_id: marketId })),
      )
      trials.push({
        runId: 'a',
        scenarioId: id,
        trial: place + 1,
        attempt: 1,
        marketId,
        status: 'finished',
        startedAt: null,
        endedAt: null,
        endSeq: played.length,
        verdictSeq: played.length,
        termination: null,
        verdict: forge(canonicalJson(verdict)),
        problem: null,
        artefacts: {},
        costMicro: 0,
      })
    }
  }
  const agent = agentUnderTestSchema.parse({ kind: 'reference', name: 'played', function: 'played' })
  const inputs = { scenarios, agent }
  const manifest = makeManifest('a', inputs, runRequestSchema.parse({ agent: 'played' }), '0.0.0')
  const run = { manifest, inputs, createdAt: '2026-11-24T12:00:00.000Z', finishedAt: null, prunedAt: null }
  const file = join(folder, 'run.jsonl')
  writeFileSync(file, [...exportLines(run, trials, events)].join(''))
  const { status, stdout, stderr } = spawnSync('python3', [join(root, 'docs/revalidate.py'), file], {
    encoding: 'utf8',
  })
  return { status, stderr, lines: stdout.trimEnd().split('\n'), trials: trials.length }
}

describe.skipIf(!hasPython)(
  `docs/revalidate.py${hasPython ? '' : ' (no Python here)'}`,
  { timeout: PATIENCE_MS },
  () => {
    it('agrees with every verdict on the catalogue, of right and wrong agents', () => {
      const { status, stderr, lines, trials } = exported()
      expect(stderr).toBe('')
      expect(lines.filter(line => !line.endsWith('; 0 differ'))).toEqual([])
      expect(lines).toHaveLength(trials)
      expect(status).toBe(0)
    })

    it('finds checks that were turned round, and what does not follow from them', () => {
      const { status, lines } = exported(text => {
        const verdict = JSON.parse(text) as { passed: boolean; checks: { kind: string; ok: boolean }[] }
        for (const check of verdict.checks) if (check.kind === 'required_event') check.ok = !check.ok
        return JSON.stringify({ ...verdict, passed: !verdict.passed })
      })
      expect(
        lines.some(line => line.includes('required_events[0]: the verdict says False, the events say True')),
      ).toBe(true)
      expect(lines.some(line => line.includes('passed is not whether every check holds'))).toBe(true)
      expect(status).toBe(1)
    })
  },
)
