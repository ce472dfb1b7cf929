/** Without control characters and halves of surrogate pairs, which a database takes for errors. */
export const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}]*$/u

export const PLAIN_TEXT_RULE = 'no control characters or broken surrogate pairs'

/** Plain text of several lines: line feeds and tabs are allowed. */
export const PLAIN_TEXT_LINES = /^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u

export const PLAIN_TEXT_LINES_RULE =
  'no control characters but line feeds and tabs, no broken surrogate pairs'
