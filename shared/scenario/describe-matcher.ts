import { isComparison } from './constraint.ts'
import { dataLiterals, type Literal, type Matcher } from './matcher.ts'

/** A matcher in words, for reports: `bid_placed with total_cost <=500`. */
export function describeMatcher(matcher: Matcher): string {
  const { type, agent, tool_name: tool, contains, where = {}, constraints = {} } = matcher
  const { occurrence, within_ms: withinMs, label } = matcher
  const means = [
    ...(tool === undefined ? [] : [`tool_name ${tool}`]),
    ...dataLiterals(matcher).map(([path, literal]) => `${path} ${describeLiteral(literal)}`),
    ...Object.entries(where).map(([path, is]) => `${path} ${describeLiteral(is)}`),
    ...Object.entries(constraints).map(([path, is]) => `${path} ${describeConstraint(is)}`),
    ...(contains === undefined ? [] : [`the text ${JSON.stringify(contains)}`]),
  ]
  return [
    occurrence === undefined ? type : `the ${occurrence} ${type}`,
    whose(agent),
    means.length === 0 ? '' : `with ${means.join(', ')}`,
    withinMs === undefined ? '' : `within ${withinMs} ms`,
    label === undefined ? '' : `(${label})`,
  ]
    .filter(part => part !== '')
    .join(' ')
}

function whose(agent: string | undefined): string {
  if (agent === undefined || agent === 'self') return ''
  if (agent === 'any') return 'of anybody'
  return agent === 'others' ? 'of another agent' : `of ${agent}`
}

/** A value or list of values in words. */
export function describeLiteral(literal: Literal): string {
  if (Array.isArray(literal)) return `one of ${literal.map(one => JSON.stringify(one)).join(', ')}`
  return typeof literal === 'string' ? literal : JSON.stringify(literal)
}

/** Several comparisons must all hold; of a list of values one. */
function describeConstraint(is: Literal): string {
  const areComparisons = Array.isArray(is) && is.every(one => typeof one === 'string' && isComparison(one))
  return areComparisons ? is.join(' and ') : describeLiteral(is)
}
