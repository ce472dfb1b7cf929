import { z } from 'zod'

const OPERATOR = '<=|>=|==|!=|<|>'
const NUMBER = '-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,9})?'
const NAME = '[a-z][a-z0-9_]{0,62}'
const STEP = '(?:[A-Za-z0-9_-]{1,64}|\\*)'
const CONSTRAINT = new RegExp(`^(${OPERATOR}) ?(?:(${NUMBER})(%?)|(${NAME})((?:\\.${STEP}){1,12}))$`)

export type Operator = '<=' | '>=' | '==' | '!=' | '<' | '>'

/** A bound: compared with a number, or with what stands at `path` in the data of the event labelled `label`. */
export type Constraint = { operator: Operator } & (
  | { kind: 'number'; number: string; isPercent: boolean }
  | { kind: 'reference'; label: string; path: string }
)

const RULE =
  'must be a comparison such as "<=500", ">= 10%" or "<first_attempt.total_cost": one of <= >= < > == !=, then a number ' +
  'or a label and a path'

/** A comparison as scenarios write it. */
export const constraintSchema = z.string().max(1_000).regex(CONSTRAINT, RULE)

/** Reads a comparison; null when it is none. */
export function readConstraint(text: string): Constraint | null {
  const parts = CONSTRAINT.exec(text)
  if (parts === null) return null
  const [, operator, number, percent, label, path] = parts
  if (number !== undefined) {
    return { operator: operator as Operator, kind: 'number', number, isPercent: percent === '%' }
  }
  return { operator: operator as Operator, kind: 'reference', label: label!, path: path!.slice(1) }
}

/** True when `text` begins like a comparison, so that it is meant as one. */
export function isComparison(text: string): boolean {
  return /^(?:<|>|==|!=)/.test(text)
}
