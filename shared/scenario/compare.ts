import { type Constraint, isComparison, type Operator, readConstraint } from './constraint.ts'
import { readExactDecimal } from './exact-decimal.ts'
import type { Literal } from './matcher.ts'
import { valuesAt } from './read-path.ts'

/** What a reference leads to: the data of the event that a label names. */
export type Bindings = ReadonlyMap<string, unknown>

export const NO_BINDINGS: Bindings = new Map()

/** True when a value is the literal, or one of its list. Numbers and decimal strings are equal when they say the same number. */
export function equalsLiteral(value: unknown, literal: Literal): boolean {
  return [literal].flat().some(one => isSame(value, one))
}

/** True when some value at `path` of `data` compares as the constraint says. What is not there holds nothing. */
export function holdsAt(data: unknown, path: string, constraint: string, bindings: Bindings): boolean {
  const read = readConstraint(constraint)
  if (read === null) return false
  const operands = operandsOf(read, bindings)
  return valuesAt(data, path).some(value => operands.some(operand => compare(value, read.operator, operand)))
}

/** True when some value at `path` of `data` is so: a comparison, a literal or a list of literals. */
export function isSoAt(data: unknown, path: string, is: Literal | string, bindings: Bindings): boolean {
  if (typeof is === 'string' && isComparison(is)) return holdsAt(data, path, is, bindings)
  return valuesAt(data, path).some(value => equalsLiteral(value, is))
}

/** Compares two values. Order is of numbers only; without two numbers only == and != may hold. */
export function compare(left: unknown, operator: Operator, right: unknown): boolean {
  if (operator === '==') return isSame(left, right)
  if (operator === '!=') return !isSame(left, right)
  const [a, b] = [readExactDecimal(left), readExactDecimal(right)]
  if (a === null || b === null) return false
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

function operandsOf(constraint: Constraint, bindings: Bindings): unknown[] {
  if (constraint.kind === 'number') return [constraint.number]
  return valuesAt(bindings.get(constraint.label), constraint.path)
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true
  const a = readExactDecimal(left)
  return a !== null && a === readExactDecimal(right)
}
