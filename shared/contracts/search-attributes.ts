/** What workflows are found by in Temporal's lists: its name there, and its type. */
export const SEARCH_ATTRIBUTES = {
  market: { name: 'BourseMarket', type: 'KEYWORD' },
  agent: { name: 'BourseAgent', type: 'KEYWORD' },
  cycle: { name: 'BourseCycle', type: 'INT' },
  scenario: { name: 'BourseScenario', type: 'KEYWORD' },
} as const

/** What a workflow is about; everything it does not concern is left out. */
export interface WorkflowSubject {
  marketId?: string
  agent?: string
  cycle?: number
  scenario?: string
}

type SearchAttribute =
  | { key: { name: string; type: 'KEYWORD' }; value: string }
  | { key: { name: string; type: 'INT' }; value: number }

/** The search attributes of a workflow, as Temporal's clients and workflows take them. */
export function searchAttributesOf({ marketId, agent, cycle, scenario }: WorkflowSubject): SearchAttribute[] {
  const attributes: SearchAttribute[] = []
  if (marketId !== undefined) attributes.push({ key: SEARCH_ATTRIBUTES.market, value: marketId })
  if (agent !== undefined) attributes.push({ key: SEARCH_ATTRIBUTES.agent, value: agent })
  if (cycle !== undefined) attributes.push({ key: SEARCH_ATTRIBUTES.cycle, value: cycle })
  if (scenario !== undefined) attributes.push({ key: SEARCH_ATTRIBUTES.scenario, value: scenario })
  return attributes
}
