import { type Outcome, refuse } from '../economy/refusal.ts'

/** A request has at most this many bytes. */
export const MESSAGE_BYTES_MAX = 65_536
/** Objects and lists in one another at most. */
export const MESSAGE_DEPTH_MAX = 32

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Keys that some programs take for more than names. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]
const [QUOTE, BACKSLASH, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x3a, 0x2d, 0x30, 0x39]
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d])
const NUMBER = /[-+.\deE]+/y
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
    const code = text.charCodeAt(place)
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      open.push(code === OPEN_OBJECT ? new Set() : null)
      if (open.length > MESSAGE_DEPTH_MAX) {
        return `it nests deeper than ${MESSAGE_DEPTH_MAX} objects and lists`
      }
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop()
    } else if (code === QUOTE) {
      const { end, hasEscapes } = endOfString(text, place)
      const isKey = isFollowedByColon(text, end)
      if (isKey || hasEscapes) {
        const string: string = hasEscapes
          ? JSON.parse(text.slice(place, end))
          : text.slice(place + 1, end - 1)
        const problem =
          problemOfString(string, hasEscapes) ?? (isKey ? problemOfKey(string, open.at(-1)!) : null)
        if (problem !== null) return problem
      }
      place = end
      continue
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NUMBER.lastIndex = place
      const [number] = NUMBER.exec(text)!
      if (!isExact(number)) return `the number ${shown(number)} cannot be kept exactly: write it as a string`
      place += number.length
      continue
    }
    place += 1
  }
  return null
}

/** Only escapes can bring what the bytes, being UTF-8 and JSON, cannot hold. */
function problemOfString(string: string, hasEscapes: boolean): string | null {
  if (!hasEscapes || (string.isWellFormed() && !string.includes('\0'))) return null
  return `${shown(string)} has half of a surrogate pair, or NUL`
}

function problemOfKey(key: string, keys: Set<string>): string | null {
  if (keys.has(key)) return `the key ${shown(key)} stands twice in one object`
  if (FORBIDDEN_KEYS.has(key)) return `the key ${shown(key)} is not allowed`
  keys.add(key)
  return null
}

function endOfString(text: string, start: number): { end: number; hasEscapes: boolean } {
  let hasEscapes = false
  for (let place = start + 1; ; place++) {
    const code = text.charCodeAt(place)
    if (code === QUOTE) return { end: place + 1, hasEscapes }
    if (code === BACKSLASH) {
      hasEscapes = true
      place += 1
    }
  }
}

function isFollowedByColon(text: string, start: number): boolean {
  let place = start
  while (SPACES.has(text.charCodeAt(place))) place += 1
  return text.charCodeAt(place) === COLON
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
