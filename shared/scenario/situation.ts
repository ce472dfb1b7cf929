import type { OutputSchema } from './output-schema.ts'
import type { Artefact, Scenario } from './scenario.ts'

/** What an agent is told of its task. Nothing of the validation, the injections or the expected behaviour is in it. */
export interface AgentTask {
  text: string
  /** What the scenario tells of the situation; `artefacts` beside it holds what an earlier scenario handed on. */
  situation: Record<string, unknown>
  decisions: string[]
  outputSchema: OutputSchema | null
}

/** The task as `task.get` tells it. */
export function agentTask(scenario: Scenario, artefacts: Partial<Record<Artefact, unknown>> = {}): AgentTask {
  const { task, initial_state: state } = scenario
  const handedOn = Object.keys(artefacts).length === 0 ? {} : { artefacts }
  return {
    text: task.text,
    situation: { ...state.told, ...handedOn },
    decisions: task.decisions,
    outputSchema: task.output_schema ?? null,
  }
}
