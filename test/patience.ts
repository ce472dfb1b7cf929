/**
 * How long a test waits for what is bound to happen, in milliseconds: long enough for a machine that does
 * ten other things at once. A test never waits this long unless something is wrong.
 */
export const PATIENCE_MS = 100_000
