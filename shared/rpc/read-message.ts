import { type Outcome, refuse } from '../economy/refusal.ts'

/** A request has at most this many bytes. */
export const MESSAGE_BYTES_MAX = 65_536
/** Objects and lists in one another at most. */
export const MESSAGE_DEPTH_MAX = 32

const utf8 = new TextDecoder('utf-8', { fatal: true })
/** Keys that some programs take for more than names. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SHOWN_CHARACTERS_MAX = 40

/**
 * Reads a request: one JSON object that says the same to every reader. Refuses what is too large, not UTF-8, not JSON, too
 * deep, has a key twice, a key that could be taken for a prototype, a number that cannot be kept exactly, or text with
 * halves of surrogate pairs or NUL. No bytes at all are an empty object.
 */
export function readMessage(bytes: Uint8Array): Outcome<{ message: Record<string, unknown> }> {
  if (bytes.length === 0) return { ok: true, message: {} }
  if (bytes.length > MESSAGE_BYTES_MAX) {
    return refuse(
      'message_too_large',
      `the message has ${bytes.length} bytes; at most ${MESSAGE_BYTES_MAX} are read`,
    )
  }
  let text: string
  let message: unknown
  try {
    text = utf8.decode(bytes)
  } catch {
    return invalid('it is not UTF-8')
  }
  try {
    message = JSON.parse(text)
  } catch (error) {
    return invalid((error as Error).message)
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return invalid('it is not an object')
  }
  const problem = ambiguityIn(text)
  return problem === null ? { ok: true, message: message as Record<string, unknown> } : invalid(problem)
}

function invalid(problem: string) {
  return refuse('invalid_json', `the message is not a JSON object that can be read exactly: ${problem}`)
}

/** What in a valid JSON text different readers would read differently, or null. Goes through it once. */
function ambiguityIn(text: string): string | null {
  /** The keys of each object that is open; null for a list. */
  const open: (Set<string> | null)[] = []
  let place = 0
  while (place < text.length) {
    const character = text[place]!
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null)
      if (open.length > MESSAGE_DEPTH_MAX) {
        return `it nests deeper than ${MESSAGE_DEPTH_MAX} objects and lists`
      }
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOfString(text, place)
      const string: string = JSON.parse(text.slice(place, end))
      if (!string.isWellFormed() || string.includes('\0')) {
        return `${shown(string)} has half of a surrogate pair, or NUL`
      }
      place = end
      if (isFollowedByColon(text, end)) {
        const keys = open.at(-1)!
        if (keys.has(string)) return `the key ${shown(string)} stands twice in one object`
        if (FORBIDDEN_KEYS.has(string)) return `the key ${shown(string)} is not allowed`
        keys.add(string)
      }
      continue
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      const [number] = /^[-+.\deE]+/.exec(text.slice(place, place + 400))!
      if (!isExact(number)) return `the number ${shown(number)} cannot be kept exactly: write it as a string`
      place += number.length
      continue
    }
    place += 1
  }
  return null
}

function endOfString(text: string, start: number): number {
  for (let place = start + 1; ; place++) {
    const code = text.charCodeAt(place)
    if (code === QUOTE) return place + 1
    if (code === BACKSLASH) place += 1
  }
}

function isFollowedByColon(text: string, place: number): boolean {
  while (/[ \t\n\r]/.test(text[place] ?? '')) place += 1
  return text[place] === ':'
}

/** Whole numbers up to 2^53 - 1, and fractions that are finite. */
function isExact(number: string): boolean {
  const value = Number(number)
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
}

function shown(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text,
  )
}
