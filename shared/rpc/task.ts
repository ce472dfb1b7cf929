import { z } from 'zod'
import { keyField, momentField } from './fields.ts'
import { defineOperation } from './operation.ts'

/** Operations on the task that an agent was given. */
export const taskOperations = {
  'task.get': defineOperation({
    description:
      'Tells your task: what is asked of you, the situation you are in, the labels your decision may have, and until when.',
    request: z.strictObject({}),
    reply: z.object({
      text: z.string().describe('what is asked of you'),
      situation: z.unknown().describe('what you are told of the circumstances'),
      decisions: z.array(z.string()).describe('labels for the `decision` of trace.reasoning; empty: any'),
      outputSchema: z
        .unknown()
        .describe('JSON Schema of what output.submit is to hand in; null: nothing is said about it'),
      deadlineAt: momentField.nullable().describe('after this nothing you do counts'),
    }),
    errors: ['no_task'],
  }),
  'task.finish': defineOperation({
    description: 'Says that you are done with your task. What you do afterwards does not count.',
    request: z.strictObject({ key: keyField }),
    reply: z.object({ status: z.literal('finished') }),
    errors: ['no_task', 'idempotency_conflict'],
  }),
}
