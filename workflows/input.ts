import { ApplicationFailure, workflowInfo } from '@temporalio/workflow'
import { NAME_PATTERN, NAME_RULE } from '../shared/market/name-pattern.ts'

/**
 * Reads a workflow's one optional JSON object. Anything but an object, and any key that is not in `allowed`, fails
 * the workflow at once with what is wrong and what is allowed.
 */
export function readInput(input: unknown, allowed: readonly string[]): Record<string, unknown> {
  if (input === undefined || input === null) return {}
  if (typeof input !== 'object' || Array.isArray(input)) {
    throw invalidInput('input', `must be one JSON object with ${allowed.join(', ')}, or absent`)
  }
  for (const key of Object.keys(input)) {
    if (!allowed.includes(key)) {
      throw invalidInput(JSON.stringify(key.slice(0, 63)), `is not known: allowed are ${allowed.join(', ')}`)
    }
  }
  return { ...input }
}

/** A market's or agent's id from the input, else from the workflow id's part at `place` (`market/<id>`: 1). */
export function readName(value: unknown, field: string, place: number): string {
  const name = value ?? workflowInfo().workflowId.split('/')[place]
  if (name === undefined) {
    throw invalidInput(field, `is missing: give it in the input, or in the workflow id`)
  }
  if (typeof name !== 'string' || !NAME_PATTERN.test(name)) throw invalidInput(field, NAME_RULE)
  return name
}

/** One workflow stands for one thing: whoever looks for it by its id must find it, and only it. */
export function requireWorkflowId(expected: string): void {
  if (workflowInfo().workflowId !== expected)
    throw invalidInput('workflow id', `must be ${expected} for this input`)
}

/** A failure that ends the workflow at once and names the field. */
export function invalidInput(field: string, problem: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'invalid_input',
    message: `${field}: ${problem}`,
    nonRetryable: true,
    details: [{ field }],
  })
}
