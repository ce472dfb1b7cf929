import { z } from 'zod'
import { labelSchema } from './matcher.ts'
import { outputSchemaSchema } from './output-schema.ts'

/** What an agent is asked to do. It gets this by `task.get`, and nothing of how it is judged. */
export const taskSchema = z.strictObject({
  text: z.string().min(1).max(8_000).describe('what is asked of the agent, in words'),
  decisions: z
    .array(labelSchema)
    .max(32)
    .default([])
    .describe('labels that the `decision` of trace.reasoning may have; none: any text'),
  deadline_seconds: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(300)
    .describe('seconds from the beginning; what comes later does not count'),
  output_schema: outputSchemaSchema.optional().describe('what output.submit is to hand in'),
})

export type Task = z.infer<typeof taskSchema>
