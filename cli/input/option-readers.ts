import { InvalidArgumentError } from 'commander'

/** A reader of whole numbers from `least` to `most`, for an option or an argument. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
    }
    return number
  }
}

/** A day, which is UTC's, or a moment with its zone (ISO 8601). */
const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** Reads a day or a moment, in milliseconds since 1970. */
export function moment(text: string): number {
  const atMs = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs)) {
    throw new InvalidArgumentError('It is a day such as 2026-11-24, or a time such as 2026-11-24T10:00:00Z.')
  }
  return atMs
}

/** How many items a list shows: an option with this reader and default. */
export const LIMIT = {
  flags: '--limit <n>',
  help: 'at most this many',
  read: wholeNumber(1, 1_000),
  usual: 50,
}
