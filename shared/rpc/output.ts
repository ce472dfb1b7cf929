import { z } from 'zod'
import { keyField, lineField } from './fields.ts'
import { jsonField } from './json-field.ts'
import { defineOperation } from './operation.ts'

/** Operations by which an agent hands in what it made. */
export const outputOperations = {
  'output.submit': defineOperation({
    description:
      'Hands in a result of your task. It becomes an event, and cannot be taken back; several may be handed in.',
    request: z.strictObject({
      output: jsonField(32_768).describe('the result, anything that JSON can say'),
      label: lineField(200).optional().describe('which of several results it is'),
      key: keyField,
    }),
    reply: z.object({ outputId: z.string() }),
    errors: ['idempotency_conflict'],
  }),
}
