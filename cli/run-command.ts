import { explainError } from './explain-error.ts'
import { type OutputOptions, printFailure } from './show/answer.ts'
import { openServers, type Servers } from './stack/servers.ts'

/**
 * Runs one command with the servers it may need, closes them, and sets the exit code: what the command returns
 * (nothing: 0), or that of what went wrong, which is told in one sentence.
 */
export async function runCommand(
  options: OutputOptions,
  act: (servers: Servers) => Promise<number | undefined>,
): Promise<void> {
  const servers = openServers()
  try {
    process.exitCode = (await act(servers)) ?? 0
  } catch (error) {
    const failure = explainError(error)
    await printFailure(options, failure.report)
    process.exitCode = failure.exitCode
  } finally {
    await servers.close()
  }
}
