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

/** How many items a list shows: an option with this reader and default. */
export const LIMIT = {
  flags: '--limit <n>',
  help: 'at most this many',
  read: wholeNumber(1, 1_000),
  usual: 50,
}
