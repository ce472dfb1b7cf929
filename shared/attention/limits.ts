/** The longest text of a prompt. */
export const PROMPT_CHARACTERS_MAX = 8_192
/** The longest that a prompt with an expiry waits: a year. */
export const PROMPT_WAIT_SECONDS_MAX = 31_536_000
