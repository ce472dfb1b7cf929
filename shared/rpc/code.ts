import { z } from 'zod'
import { keyField, lineField, textField } from './fields.ts'
import { defineOperation } from './operation.ts'

const samples = z.array(z.record(z.string(), z.number()))
const testResults = {
  outcome: z.enum(['all_passed', 'some_failed']),
  tests: z.array(z.object({ name: z.string(), passed: z.boolean() })),
  baseline: samples.optional().describe('measured runs of the program as it was in the beginning'),
  modified: samples.optional().describe('measured runs of the program as it is now'),
}

/** Operations by which an agent improves its program: it proposes, the platform applies, tests and measures. */
export const codeOperations = {
  'code.read': defineOperation({
    description:
      'Tells the files of your program, and which of them you may change, by the names of modules.',
    request: z.strictObject({}),
    reply: z.object({
      files: z.record(z.string(), z.string()).describe('by path, what stands in it'),
      modules: z.record(z.string(), z.string()).describe('by name, the path of its file'),
      tests: z.array(z.string()).describe('names of the tests that the platform runs'),
    }),
    errors: ['no_workspace'],
  }),
  'code.propose': defineOperation({
    description:
      'Proposes to replace a module of your program by a new text. Nothing is changed until code.apply.',
    request: z.strictObject({
      targetModule: lineField(63).describe('the name of a module, as code.read tells it'),
      changeDescription: textField(4_000),
      expectedImprovement: textField(1_000),
      newText: textField(64_000).describe('the whole new text of the module'),
      key: keyField,
    }),
    reply: z.object({ changeId: z.string() }),
    errors: ['no_workspace', 'unknown_module', 'idempotency_conflict'],
  }),
  'code.apply': defineOperation({
    description:
      'Has the platform apply a change that you proposed, run the tests and measure the program before and after. Takes up to two minutes.',
    request: z.strictObject({ changeId: z.guid(), key: keyField }),
    reply: z.object({ changeId: z.string(), modulesModified: z.array(z.string()), ...testResults }),
    errors: [
      'no_workspace',
      'unknown_change',
      'workspace_changed',
      'sandbox_unavailable',
      'idempotency_conflict',
    ],
    slow: true,
  }),
  'test.run': defineOperation({
    description:
      'Has the platform run the tests of your program as it is now, and measure it. Takes up to two minutes.',
    request: z.strictObject({}),
    reply: z.object(testResults),
    errors: ['no_workspace', 'sandbox_unavailable'],
    slow: true,
  }),
}
