import { compare } from '../compare.ts'
import { readConstraint } from '../constraint.ts'
import { measure } from '../measure-resources.ts'
import { MEASURED_METRICS, type MeasuredMetric } from '../measured-metrics.ts'
import type { Check } from '../verdict.ts'
import { type CheckContext, clipIds } from './context.ts'

/** Whether what was used is within its bounds. */
export function checkResources({ scenario, trial }: CheckContext): Check[] {
  const bounds = Object.entries(scenario.validation.resource_consumption ?? {}) as [MeasuredMetric, string][]
  return bounds.map(([metric, constraint]) => {
    const { value, decidedBy } = measure(trial, metric)
    return {
      name: `resource_consumption.${metric}`,
      kind: 'resource_consumption',
      ok: isWithin(value, constraint),
      lookedFor: `${metric} ${constraint} (${MEASURED_METRICS[metric]})`,
      found: value === null ? 'an event does not say it' : value,
      decidedBy: clipIds(decidedBy),
    }
  })
}

/** Whether a measure compares as it must; an unknown one does not. */
export function isWithin(value: string | number | null, constraint: string): boolean {
  const read = readConstraint(constraint)
  return value !== null && read?.kind === 'number' && compare(value, read.operator, read.number)
}
