import { z } from 'zod'
import { eventType } from './event-type.ts'

const text = z.string()
const texts = z.array(z.string())
const anything = z.unknown()
const anythings = z.array(anything)

/** What agents do and say, written by the gateway. None changes anything that is rebuilt. */
export const agentEvents = {
  tool_call_initiated: eventType(
    'agent',
    'The agent asked for an operation, as the gateway saw it; correlation_id joins it to its tool_call_completed.',
    { tool_name: text, parameters: anything, justification: text.nullable() },
  ),
  tool_call_completed: eventType('agent', 'An operation was answered, as the gateway saw it.', {
    tool_name: text,
    result: z.enum(['success', 'failure']),
    response: anything,
  }),
  reasoning_trace: eventType('agent', 'How the agent says it came to a decision.', {
    decision_id: text,
    context: anything,
    factors_considered: anythings.describe('texts, or objects such as {factor, weight, description}'),
    reasoning: text,
    decision: text,
    alternatives_considered: anythings.describe(
      'texts, or objects such as {option, estimated_cost, rejected_reason}',
    ),
  }),
  reflection: eventType('agent', 'What the agent says it learned.', {
    trigger: text,
    outcome_assessment: text,
    what_worked: texts,
    what_failed: texts,
    adjustments_planned: texts,
    metrics: z.record(z.string(), anything),
  }),
  output_submitted: eventType('agent', 'What the agent hands in as the result of its task.', {
    output_id: z.uuid(),
    label: text.nullable().describe('which of several results it is'),
    output: anything,
  }),
  code_change_proposed: eventType('agent', 'The agent proposes to change its program.', {
    target_module: text,
    change_description: text,
    expected_improvement: text,
    diff: text,
  }),
  code_change_applied: eventType('agent', 'The platform applied a change and ran the tests.', {
    change_id: text,
    modules_modified: texts,
    tests_run: z.number().int().min(0),
    test_results: anything,
  }),
}
