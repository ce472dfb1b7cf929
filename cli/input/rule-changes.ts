import { wrongUsage } from '../command-failure.ts'

/**
 * Reads changes such as `cycleSeconds=2`, `policy=posted-price` or `bidsPerSecond=null`. Whether a rule exists and
 * takes the value is the market's to say.
 */
export function readRuleChanges(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map(word => {
      const equals = word.indexOf('=')
      if (equals < 1)
        throw wrongUsage(`rule: ${JSON.stringify(word)} is not of the form cycleSeconds=2`, 'rule')
      return [word.slice(0, equals), readValue(word.slice(equals + 1))]
    }),
  )
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
