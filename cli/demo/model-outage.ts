import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../workers/scripted-upstream/server.ts'
import { DEMO_MODEL } from './model-callers.ts'

/** The upstream fails from this cycle on, and for so many after its circuit opened. */
const FAILS_AT_CYCLE = 4
const FAILING_CYCLES = 2

/** An upstream of models that fails under way and comes back. */
export interface ModelOutage {
  /** Tells it what happens; it answers with what is to be told to people, if anything. */
  onEvent(event: BourseEvent): string | null
  close(): Promise<void>
}

/** Starts a scripted upstream and writes the configuration by which the stack in `home` calls it. */
export async function stageModelOutage(home: string): Promise<ModelOutage> {
  const upstream = await startScriptedUpstream({ script: [{ does: 'answer', firstTokenMs: 20 }] })
  writeConfiguration(home, upstream)
  let cycles = 0
  let openedAtCycle: number | null = null
  return {
    onEvent(event) {
      if (event.type === 'llm_circuit_opened') {
        openedAtCycle = cycles
        return `the circuit of upstream ${event.data.upstream} opened after ${event.data.failures} failures; the market goes on`
      }
      if (event.type === 'llm_circuit_closed')
        return `the circuit of upstream ${event.data.upstream} is closed again`
      if (event.type !== 'cycle_cleared') return null
      cycles += 1
      if (cycles === FAILS_AT_CYCLE) {
        upstream.follow([{ does: 'fail', status: 503 }])
        return 'the upstream of the model fails now'
      }
      if (openedAtCycle === null || cycles !== openedAtCycle + FAILING_CYCLES) return null
      upstream.follow([{ does: 'answer', firstTokenMs: 20 }])
      return 'the upstream of the model is back'
    },
    close: upstream.close,
  }
}

function writeConfiguration(home: string, { baseUrl }: ScriptedUpstream): void {
  const model = {
    name: DEMO_MODEL,
    contextTokens: 4_096,
    maxOutputTokens: 256,
    price: { input: 1, output: 2 },
  }
  const config = {
    upstreams: [{ name: 'scripted', baseUrl, models: [model] }],
    retry: { attemptsPerUpstream: 1, firstDelayMs: 50, maxDelayMs: 100, totalMs: 1_000 },
    circuit: { failureRatio: 0.5, windowSeconds: 3, minimumCalls: 3, openSeconds: 1.5 },
  }
  writeFileSync(join(home, 'llm.json'), JSON.stringify(config, null, 2))
}
