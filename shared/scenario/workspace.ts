import { z } from 'zod'
import { labelSchema } from './matcher.ts'

const FILES_MAX = 50

export const filePathSchema = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\/)\.)[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/,
    'must be a relative path of plain names, none of which begins with a dot',
  )

const commandSchema = z
  .array(z.string().min(1).max(500))
  .min(1)
  .max(20)
  .describe('run in the workspace, in the sandbox; `node` is the runtime')

/**
 * The program that an agent is to improve. The platform keeps it, applies the agent's changes to its modules only, runs
 * its tests and measures it; the agent does none of that itself.
 */
export const workspaceSchema = z.strictObject({
  files: z
    .record(filePathSchema, z.string().max(64_000))
    .refine(files => Object.keys(files).length <= FILES_MAX, `has more than ${FILES_MAX} files`)
    .describe('by path, what stands in it'),
  modules: z
    .record(labelSchema, filePathSchema)
    .describe('what the agent may change: the name of a module, as code.propose takes it, and its file'),
  tests: z
    .array(z.strictObject({ name: labelSchema, command: commandSchema }))
    .max(20)
    .describe('a test passes when its command ends with exit code 0'),
  measure: z
    .strictObject({
      command: commandSchema.describe(
        'does one run of the program and prints one JSON object with a number for each metric; TRIAL in its environment is the number of the run, from 1',
      ),
      trials: z
        .number()
        .int()
        .min(1)
        .max(100)
        .default(10)
        .describe('runs, of the program as seeded and as changed'),
    })
    .optional(),
})

export type Workspace = z.infer<typeof workspaceSchema>
