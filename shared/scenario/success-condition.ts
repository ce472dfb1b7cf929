import { type Outcome, refuse } from '../economy/refusal.ts'
import { compare } from './compare.ts'
import type { Operator } from './constraint.ts'
import type { ResultValue } from './verdict.ts'

const DEPTH_MAX = 32
const TOKENS_MAX = 200

/** A success condition, read: AND, OR, NOT, parentheses, and comparisons of names, paths and numbers. */
export type Expression =
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'not'; of: Expression }
  | { kind: 'comparison'; operator: Operator; left: Operand; right: Operand }
  | { kind: 'name'; name: string }

/** `name` may be a label with a path, such as second_attempt.total_cost. */
export type Operand = { kind: 'name'; name: string } | { kind: 'number'; number: string }

interface Token {
  text: string
  /** Where it begins, from 1. */
  column: number
}

const TOKEN = /\s*(<=|>=|==|!=|<|>|\(|\)|-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)/y
const OPERATORS = ['<=', '>=', '==', '!=', '<', '>']

/** Reads a success condition; a refusal says at which column it cannot be read. */
export function parseSuccessCondition(text: string): Outcome<{ expression: Expression }> {
  const tokens = tokenise(text)
  if (!Array.isArray(tokens)) return unreadable(tokens.problem, tokens.column)
  const reader = { tokens, at: 0, end: text.length + 1 }
  try {
    const expression = readOr(reader, 0)
    const rest = tokens[reader.at]
    return rest === undefined
      ? { ok: true, expression }
      : unreadable(`${JSON.stringify(rest.text)} was not expected here`, rest.column)
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error.message, error.column)
    throw error
  }
}

/** The names that an expression uses, each once. */
export function namesIn(expression: Expression): string[] {
  const names = new Set<string>()
  const collect = (one: Expression | Operand): void => {
    if (one.kind === 'name') names.add(one.name)
    else if (one.kind === 'not') collect(one.of)
    else if (one.kind !== 'number') {
      collect(one.left)
      collect(one.right)
    }
  }
  collect(expression)
  return [...names]
}

/** Whether it holds. A name alone holds when it is `true`; a comparison with what is not there does not hold. */
export function evaluate(expression: Expression, resultOf: (name: string) => ResultValue): boolean {
  switch (expression.kind) {
    case 'and':
      return evaluate(expression.left, resultOf) && evaluate(expression.right, resultOf)
    case 'or':
      return evaluate(expression.left, resultOf) || evaluate(expression.right, resultOf)
    case 'not':
      return !evaluate(expression.of, resultOf)
    case 'name':
      return resultOf(expression.name) === true
    case 'comparison': {
      const [left, right] = [expression.left, expression.right].map(operand =>
        operand.kind === 'number' ? operand.number : resultOf(operand.name),
      )
      return left !== null && right !== null && compare(left, expression.operator, right)
    }
  }
}

class Unreadable extends Error {
  readonly column: number
  constructor(message: string, column: number) {
    super(message)
    this.column = column
  }
}

function unreadable(problem: string, column: number) {
  return refuse('invalid_condition', `column ${column}: ${problem}`, 'success_condition')
}

function tokenise(text: string): Token[] | { problem: string; column: number } {
  const tokens: Token[] = []
  const trimmed = text.trimEnd()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < trimmed.length) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(trimmed)
    if (match === null) {
      const column = from + (/^\s*/.exec(trimmed.slice(from))?.[0].length ?? 0) + 1
      return { problem: `${JSON.stringify(trimmed[column - 1])} is no part of a condition`, column }
    }
    if (tokens.length === TOKENS_MAX) return { problem: `more than ${TOKENS_MAX} words`, column: from + 1 }
    tokens.push({ text: match[1]!, column: TOKEN.lastIndex - match[1]!.length + 1 })
  }
  return tokens
}

interface Reader {
  tokens: readonly Token[]
  at: number
  /** The column after the last. */
  end: number
}

function readOr(reader: Reader, depth: number): Expression {
  let left = readAnd(reader, depth)
  while (takeWord(reader, 'OR')) left = { kind: 'or', left, right: readAnd(reader, depth) }
  return left
}

function readAnd(reader: Reader, depth: number): Expression {
  let left = readNot(reader, depth)
  while (takeWord(reader, 'AND')) left = { kind: 'and', left, right: readNot(reader, depth) }
  return left
}

function readNot(reader: Reader, depth: number): Expression {
  if (depth > DEPTH_MAX) throw new Unreadable(`deeper than ${DEPTH_MAX}`, columnOf(reader))
  if (takeWord(reader, 'NOT')) return { kind: 'not', of: readNot(reader, depth + 1) }
  if (!takeWord(reader, '(')) return readComparison(reader)
  const inside = readOr(reader, depth + 1)
  if (!takeWord(reader, ')')) throw new Unreadable('")" is missing', columnOf(reader))
  return inside
}

function readComparison(reader: Reader): Expression {
  const column = columnOf(reader)
  const left = readOperand(reader)
  const operator = reader.tokens[reader.at]?.text
  if (operator === undefined || !OPERATORS.includes(operator)) {
    if (left.kind === 'name') return left
    throw new Unreadable('a number alone is no condition: compare it', column)
  }
  reader.at += 1
  return { kind: 'comparison', operator: operator as Operator, left, right: readOperand(reader) }
}

function readOperand(reader: Reader): Operand {
  const token = reader.tokens[reader.at]
  const isKeyword = token !== undefined && ['AND', 'OR', 'NOT'].includes(token.text.toUpperCase())
  if (token === undefined || isKeyword || !/^[-\dA-Za-z_]/.test(token.text)) {
    throw new Unreadable('a name or a number is missing', columnOf(reader))
  }
  reader.at += 1
  return /^[-\d]/.test(token.text)
    ? { kind: 'number', number: token.text }
    : { kind: 'name', name: token.text }
}

function takeWord(reader: Reader, word: string): boolean {
  if (reader.tokens[reader.at]?.text.toUpperCase() !== word) return false
  reader.at += 1
  return true
}

function columnOf({ tokens, at, end }: Reader): number {
  return tokens[at]?.column ?? end
}
