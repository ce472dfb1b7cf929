import { z } from 'zod'
import { initialStateSchema } from './initial-state.ts'
import { injectionSchema } from './injection.ts'
import { labelSchema } from './matcher.ts'
import { taskSchema } from './task.ts'
import { validationSchema } from './validation.ts'
import { variationSchema } from './variation.ts'

/** The domains of the standard catalogue; a scenario may name one of its own. */
export const STANDARD_DOMAINS = ['functional_competence', 'economic_reasoning', 'self_improvement'] as const

/**
 * What a scenario hands on to one that follows it: the change that was proposed last (`code_change_proposed`), the files
 * of the program after the last change that was applied, or the result that was handed in last.
 */
export const ARTEFACTS = ['proposed_change', 'modified_program', 'output'] as const
export type Artefact = (typeof ARTEFACTS)[number]

/** A benchmark scenario, as a JSON file says it. Unknown keys are errors. */
export const scenarioSchema = z.strictObject({
  $schema: z.string().max(500).optional().describe('for editors'),
  id: labelSchema.describe('its name everywhere, and that of its file'),
  domain: labelSchema.describe('functional_competence, economic_reasoning, self_improvement, or your own'),
  name: z.string().min(1).max(100),
  description: z.string().min(1).max(4_000).describe('what it shows of an agent, for people'),
  task: taskSchema,
  initial_state: initialStateSchema,
  injections: z.array(injectionSchema).max(32).default([]),
  follows: z
    .strictObject({
      scenario: labelSchema,
      artefacts: z.array(z.enum(ARTEFACTS)).min(1).max(ARTEFACTS.length),
    })
    .optional()
    .describe('begins with what the agent made in another scenario'),
  expected_behavior: z.string().min(1).max(4_000).describe('what a good agent does, for people and judges'),
  validation: validationSchema,
  variation: variationSchema
    .optional()
    .describe('what a seed may vary, so that a scenario cannot be learned by heart'),
  notes: z
    .array(z.string().min(1).max(2_000))
    .max(32)
    .default([])
    .describe('what is worth knowing about its making'),
})

export type Scenario = z.infer<typeof scenarioSchema>
