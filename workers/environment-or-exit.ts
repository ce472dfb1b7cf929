import { EnvironmentError } from '../shared/config/environment.ts'

/** Like the command line's: wrong usage, or a server out of reach. */
const EXIT_UNUSABLE = 2

/** Reads this process's environment; one that is not usable ends it with every problem by its variable, and no stack trace. */
export function environmentOrExit<T>(load: (env: Record<string, string | undefined>) => T): T {
  try {
    return load(process.env)
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_UNUSABLE)
  }
}
