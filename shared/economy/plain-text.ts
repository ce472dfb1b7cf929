/** Without control characters and halves of surrogate pairs, which a database takes for errors. */
export const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}]*$/u

export const PLAIN_TEXT_RULE = 'no control characters or broken surrogate pairs'
