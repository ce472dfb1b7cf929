/** What a program needs beside the system: Node and its packages, Python's packages, or nothing. */
export const RUNTIMES = ['node', 'python', 'native'] as const
export type Runtime = (typeof RUNTIMES)[number]
