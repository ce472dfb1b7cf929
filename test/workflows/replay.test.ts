import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { WORKFLOW_SOURCES } from '../../workers/workflow-sources.ts'

const folder = new URL('../histories/', import.meta.url)
const histories = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.json'),
)
const BUNDLE_AND_REPLAY_MS_MAX = 60_000

describe('recorded histories', () => {
  it('are there for each workflow', () => {
    const types = histories.map(name => name.replace(/^.*\//, ''))
    expect(new Set(types)).toEqual(
      new Set([
        'agent.json',
        'allocation-cycle.json',
        'allowance.json',
        'attention-prompt.json',
        'benchmark-scenario.json',
        'benchmark-suite.json',
        'execution.json',
        'market.json',
        'price-update.json',
      ]),
    )
  })

  it(
    'replay on the workflows of today',
    async () => {
      const recorded = histories.map(name => {
        const history = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
        const workflowId: string = history.events[0].workflowExecutionStartedEventAttributes.workflowId
        return { workflowId, history }
      })
      const replays = Worker.runReplayHistories({ ...WORKFLOW_SOURCES, replayName: 'recorded' }, recorded)
      const results: Record<string, unknown> = {}
      for await (const { workflowId, error } of replays) results[workflowId] = error ?? 'replayed'
      expect(results).toEqual(Object.fromEntries(recorded.map(({ workflowId }) => [workflowId, 'replayed'])))
    },
    BUNDLE_AND_REPLAY_MS_MAX,
  )
})
