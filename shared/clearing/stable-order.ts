const DIGIT_SHIFTS = [0, 11, 22] as const
const BUCKETS = 2048
const DIGIT_MASK = BUCKETS - 1

/** Where the less significant 32 bits of a 64-bit element lie on this machine. */
const LOW_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1

/** The 32-bit halves of a column's elements: those of a row stand at `2 * row + low` and `2 * row + high`. */
export function wordsOf(column: BigInt64Array): { words: Uint32Array; low: number; high: number } {
  const words = new Uint32Array(column.buffer, column.byteOffset, column.length * 2)
  return { words, low: LOW_WORD, high: 1 - LOW_WORD }
}

export type Direction = 'ascending' | 'descending'

/**
 * Sorts rows by a column of integers from 0 to 2^63-1 and returns the new order; rows with equal values keep the
 * order they had. To sort by several columns, sort by the least important one first.
 *
 * A radix sort, least significant digit first, which skips digits that all rows share: its time grows with the
 * number of rows only, and it never makes or compares a bigint.
 */
export function stableOrder(order: Uint32Array, column: BigInt64Array, direction: Direction): Uint32Array {
  if (isInOrder(order, column, direction)) return order
  const flip = direction === 'ascending' ? 0 : 0xffffffff
  const { words, low, high } = wordsOf(column)
  const lowDigits = varyingDigits(words, low, flip)
  const highDigits = varyingDigits(words, high, flip)
  let sorted = order
  let lowKeys = lowDigits.length === 0 ? null : keysInOrder(order, words, low, flip)
  let highKeys = highDigits.length === 0 ? null : keysInOrder(order, words, high, flip)
  for (const digit of lowDigits) {
    const targets = targetsByDigit(lowKeys!, digit)
    sorted = moved(sorted, targets)
    if (digit !== lowDigits.at(-1)) lowKeys = moved(lowKeys!, targets)
    if (highKeys !== null) highKeys = moved(highKeys, targets)
  }
  for (const digit of highDigits) {
    const targets = targetsByDigit(highKeys!, digit)
    sorted = moved(sorted, targets)
    if (digit !== highDigits.at(-1)) highKeys = moved(highKeys!, targets)
  }
  return sorted
}

type Digit = { shift: number; counts: Uint32Array }

/** The digits of a word that are not the same in all rows, with how often each value occurs. */
function varyingDigits(words: Uint32Array, word: number, flip: number): Digit[] {
  const digits = DIGIT_SHIFTS.map(shift => ({ shift, counts: new Uint32Array(BUCKETS) }))
  const [first, second, third] = digits.map(digit => digit.counts) as [Uint32Array, Uint32Array, Uint32Array]
  const [, secondShift, thirdShift] = DIGIT_SHIFTS
  for (let at = word; at < words.length; at += 2) {
    const key = words[at]! ^ flip
    first[key & DIGIT_MASK]!++
    second[(key >>> secondShift) & DIGIT_MASK]!++
    third[key >>> thirdShift]!++
  }
  return digits.filter(digit => !digit.counts.includes(words.length / 2))
}

/** One word of each row's element, in the rows' order: keys travel with the rows, so memory is read in sequence. */
function keysInOrder(order: Uint32Array, words: Uint32Array, word: number, flip: number): Uint32Array {
  const keys = new Uint32Array(order.length)
  for (let position = 0; position < keys.length; position++)
    keys[position] = words[2 * order[position]! + word]! ^ flip
  return keys
}

/** Where each position goes when sorted by a digit. */
function targetsByDigit(keys: Uint32Array, { shift, counts }: Digit): Uint32Array {
  const next = new Uint32Array(BUCKETS)
  for (let bucket = 1; bucket < BUCKETS; bucket++) next[bucket] = next[bucket - 1]! + counts[bucket - 1]!
  const targets = new Uint32Array(keys.length)
  for (let position = 0; position < keys.length; position++) {
    const bucket = (keys[position]! >>> shift) & DIGIT_MASK
    const target = next[bucket]!
    next[bucket] = target + 1
    targets[position] = target
  }
  return targets
}

function moved(values: Uint32Array, targets: Uint32Array): Uint32Array {
  const result = new Uint32Array(values.length)
  for (let position = 0; position < values.length; position++) result[targets[position]!] = values[position]!
  return result
}

function isInOrder(order: Uint32Array, column: BigInt64Array, direction: Direction): boolean {
  const { words, low, high } = wordsOf(column)
  const sign = direction === 'ascending' ? 1 : -1
  for (let position = 1; position < order.length; position++) {
    const before = 2 * order[position - 1]!
    const after = 2 * order[position]!
    const difference =
      words[after + high]! - words[before + high]! || words[after + low]! - words[before + low]!
    if (difference * sign < 0) return false
  }
  return true
}
