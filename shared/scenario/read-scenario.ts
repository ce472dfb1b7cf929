import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { z } from 'zod'
import { checkScenario } from './check-scenario.ts'
import { type Scenario, scenarioSchema } from './scenario.ts'

const CHARACTERS_MAX = 1_000_000
const DEPTH_MAX = 64
const PROBLEMS_MAX = 50
const BYTE_ORDER_MARK = '\ufeff'
/** What a decoder puts where bytes are no character. */
const NO_CHARACTER = '\ufffd'

/** Something that keeps a file from being a scenario. */
export interface ScenarioProblem {
  /** Where in the document, such as `validation.required_events[0].type`; empty: the whole. */
  path: string
  /** From 1. */
  line: number
  column: number
  message: string
}

export type ScenarioReading =
  | { ok: true; scenario: Scenario }
  /** `problem`: all of them in one sentence each. */
  | { ok: false; problem: string; problems: ScenarioProblem[] }

type Path = (string | number)[]

/** Reads a scenario from the bytes of its file, which must be UTF-8. */
export function readScenarioFile(bytes: Uint8Array): ScenarioReading {
  try {
    return readScenario(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    return refused([at(text, text.indexOf(NO_CHARACTER), 'is not UTF-8')])
  }
}

/** Reads a scenario from the text of its file. Every problem says where it stands. */
export function readScenario(text: string): ScenarioReading {
  if (text.startsWith(BYTE_ORDER_MARK)) {
    return refused([at(text, 0, 'begins with a byte order mark: save it as UTF-8 without one')])
  }
  if (text.length > CHARACTERS_MAX)
    return refused([at(text, 0, `has more than ${CHARACTERS_MAX} characters`)])
  const tooDeep = deepPlace(text)
  if (tooDeep !== null) return refused([at(text, tooDeep, `is nested more than ${DEPTH_MAX} deep`)])
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  if (errors.length > 0 || tree === undefined) {
    const shown = errors.slice(0, PROBLEMS_MAX)
    return refused(
      tree === undefined && shown.length === 0
        ? [at(text, 0, 'is no JSON: it is empty')]
        : shown.map(({ error, offset }) => at(text, offset, `is no JSON: ${printParseErrorCode(error)}`)),
    )
  }
  const twice = repeatedKeys(tree)
  if (twice.length > 0) {
    return refused(twice.map(key => at(text, key.offset, `${JSON.stringify(key.value)} stands here twice`)))
  }
  const unusable = unusableTexts(tree)
  if (unusable.length > 0) {
    return refused(unusable.slice(0, PROBLEMS_MAX).map(({ offset, message }) => at(text, offset, message)))
  }
  const read = scenarioSchema.safeParse(JSON.parse(text))
  const found = read.success ? checkScenario(read.data) : read.error.issues.flatMap(issue => explain(issue))
  if (read.success && found.length === 0) return { ok: true, scenario: read.data }
  return refused(
    found.slice(0, PROBLEMS_MAX).map(({ path, message }) => ({
      ...at(text, offsetOf(tree, path), message),
      path: pathText(path),
    })),
  )
}

function refused(problems: ScenarioProblem[]): ScenarioReading {
  const sentences = problems.map(
    ({ path, line, column, message }) => `line ${line}, column ${column}${path && ` (${path})`}: ${message}`,
  )
  return { ok: false, problem: sentences.join('; '), problems }
}

function at(text: string, offset: number, message: string): ScenarioProblem {
  const before = text.slice(0, offset)
  const lines = before.split('\n')
  return { path: '', line: lines.length, column: lines.at(-1)!.length + 1, message }
}

/** Where it is nested too deep for any scenario; null: nowhere. Found before anything recurses into it. */
function deepPlace(text: string): number | null {
  let depth = 0
  let isInText = false
  for (let offset = 0; offset < text.length; offset++) {
    const character = text[offset]
    if (isInText) {
      if (character === '\\') offset += 1
      else if (character === '"') isInText = false
    } else if (character === '"') isInText = true
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    if (depth > DEPTH_MAX) return offset
  }
  return null
}

/** Keys that stand twice in one object: JSON would silently take the last. */
function repeatedKeys(node: Node): Node[] {
  const below = (node.children ?? []).flatMap(repeatedKeys)
  if (node.type !== 'object') return below
  const keys = (node.children ?? []).flatMap(property => property.children?.[0] ?? [])
  const seen = new Set<unknown>()
  return [...keys.filter(key => seen.size === seen.add(key.value).size), ...below]
}

/** Keys and values that no program keeps as they are written. */
function unusableTexts(node: Node): { offset: number; message: string }[] {
  const below = (node.children ?? []).flatMap(unusableTexts)
  const { offset, parent, value } = node
  if (typeof value !== 'string') return below
  const isKey = parent?.type === 'property' && parent.children?.[0] === node
  if (isKey && value === '__proto__') return [{ offset, message: '"__proto__" is not known here' }]
  if (value.includes('\0')) return [{ offset, message: 'has a character NUL, which databases do not keep' }]
  return value.isWellFormed() ? below : [{ offset, message: 'has half a character (a lone surrogate)' }]
}

/** What zod found, one problem for each unknown key; of a union what its likeliest branch says. */
function explain(issue: z.core.$ZodIssue, prefix: Path = []): { path: Path; message: string }[] {
  const path = [...prefix, ...(issue.path as Path)]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...path, key],
      message: `${JSON.stringify(key)} is not known here`,
    }))
  }
  if (issue.code === 'invalid_key') {
    const [first] = issue.issues
    return [{ path, message: `the key ${first === undefined ? issue.message : first.message}` }]
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.map(branch => branch.flatMap(one => explain(one, path)))
    const deepest = branches.toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0]!
    if (deepest.length > 0) return deepest
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return [{ path, message: isMissing ? `is missing: ${issue.expected} is expected` : issue.message }]
}

/** How far into the document a branch came before it failed: unknown and missing keys say that it is another. */
function depthOf(problems: readonly { path: Path; message: string }[]): number {
  return Math.min(...problems.map(problem => problem.path.length))
}

/** Where a path stands in the file, or the nearest part above it that is there. */
function offsetOf(tree: Node, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length))
    if (node === undefined) continue
    const isWhole = length === path.length
    return isWhole && node.parent?.type === 'property' ? node.parent.offset : node.offset
  }
  return 0
}

function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('')
}
