const PUNCTUATION = /[!-/:-@[-`{-~]/g
const NOT_PLAIN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu
const MAX_CHARACTERS = 200

/**
 * Text from outside for the Temporal UI, which renders Markdown: it appears as it is, on one line, cut after 200
 * characters, and can be neither heading, link nor picture. (CommonMark: any ASCII punctuation may be escaped.)
 */
export function plainMarkdown(text: string): string {
  const plain = text.replace(NOT_PLAIN, ' ')
  const cut = plain.length > MAX_CHARACTERS ? `${plain.slice(0, MAX_CHARACTERS)}...` : plain
  return cut.replace(PUNCTUATION, '\\$&')
}
