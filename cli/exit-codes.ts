export const EXIT_DONE = 0
/** Refused, or a check failed. */
export const EXIT_REFUSED = 1
/** Wrong usage, or a server out of reach. */
export const EXIT_UNUSABLE = 2
