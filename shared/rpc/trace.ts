import { z } from 'zod'
import { keyField, lineField, textField } from './fields.ts'
import { jsonField } from './json-field.ts'
import { defineOperation } from './operation.ts'

const texts = z.array(textField(1_000)).max(50).default([])
const told = z.object({ operationId: z.string().describe('names what was told') })

/** Operations by which an agent says how it thinks; they become events that a benchmark may judge. */
export const traceOperations = {
  'trace.reasoning': defineOperation({
    description:
      'Tells how you came to a decision: what you weighed, what you decided, what you decided against.',
    request: z.strictObject({
      decisionId: lineField(200).describe('your own name for the decision'),
      context: jsonField(8_192).default({}).describe('what you knew: balance, prices, rivals, ...'),
      factorsConsidered: jsonList(50).describe('texts, or objects such as {factor, weight, description}'),
      reasoning: textField(8_000),
      decision: textField(2_000),
      alternativesConsidered: jsonList(50).describe(
        'texts, or objects such as {option, estimatedCost, rejectedReason}',
      ),
      key: keyField,
    }),
    reply: told,
    errors: ['idempotency_conflict'],
  }),
  'trace.reflection': defineOperation({
    description: 'Tells what you learned from an outcome: what worked, what failed, what you will change.',
    request: z.strictObject({
      trigger: textField(1_000).describe('what made you look back'),
      outcomeAssessment: textField(4_000),
      whatWorked: texts,
      whatFailed: texts,
      adjustmentsPlanned: texts,
      metrics: z
        .record(lineField(100), jsonField(1_000))
        .default({})
        .describe('such as {creditsSpent, creditsEarned}'),
      key: keyField,
    }),
    reply: told,
    errors: ['idempotency_conflict'],
  }),
}

function jsonList(itemsMax: number) {
  return z.array(jsonField(2_000)).max(itemsMax).default([])
}
