import {
  agentWorkflowId,
  allowanceScheduleId,
  executionWorkflowId,
  marketWorkflowId,
  priceScheduleId,
  promptWorkflowId,
  suiteWorkflowId,
} from '../../shared/contracts/workflows.ts'

/** A link to Temporal's form for starting a workflow, filled in so that no input is needed. */
export interface StartLink {
  workflowType: string
  workflowId: string
  url: string
}

const DAY_SECONDS = 86_400
/** Stand in a form for what only its user knows; started as they are, the workflow says what they must be. */
const TO_BE_FILLED_IN = { leaseId: 'LEASE-ID', promptId: 'PROMPT-ID' }

/**
 * One filled-in start form per workflow type. What a workflow needs to know stands in its id, since the form's address
 * cannot carry an input.
 */
export function startLinks(
  ui: { address: string; namespace: string; taskQueue: string },
  marketId: string,
  agent: string,
): StartLink[] {
  const ids = {
    market: marketWorkflowId(marketId),
    allocationCycle: `cycle/${marketId}/next`,
    agent: agentWorkflowId(marketId, agent),
    allowance: `${allowanceScheduleId(marketId, DAY_SECONDS)}/now`,
    priceUpdate: `${priceScheduleId(marketId)}/now`,
    execution: executionWorkflowId(TO_BE_FILLED_IN.leaseId),
    attentionPrompt: promptWorkflowId(TO_BE_FILLED_IN.promptId),
    benchmarkSuite: suiteWorkflowId('now'),
  }
  return Object.entries(ids).map(([workflowType, workflowId]) => {
    const form = new URL(
      `/namespaces/${encodeURIComponent(ui.namespace)}/workflows/start-workflow`,
      ui.address,
    )
    form.search = String(new URLSearchParams({ workflowType, workflowId, taskQueue: ui.taskQueue }))
    return { workflowType, workflowId, url: form.href }
  })
}
