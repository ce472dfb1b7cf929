import type { Command } from 'commander'
import { findBearer } from '../shared/identity/find-bearer.ts'
import { acceptedOrRefused, wrongUsage } from './command-failure.ts'
import { readLines } from './input/read-lines.ts'
import { runCommand } from './run-command.ts'
import { type OutputOptions, printAnswer } from './show/answer.ts'

/** `bourse agent check-token`: whom a token lets in, or why nobody, which NATS itself tells no client. */
export function registerCheckToken(agent: Command): void {
  agent
    .command('check-token')
    .description(
      'say whom a token lets in over NATS, or why nobody: BOURSE_TOKEN, or a line on standard input',
    )
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions) =>
      runCommand(options, async servers => {
        const token = await readToken()
        const {
          tokenId: _,
          endsAtMs,
          ...found
        } = acceptedOrRefused(await findBearer(servers.identity(), token))
        const endsAt = endsAtMs === null ? null : new Date(endsAtMs).toISOString()
        await printAnswer(
          options,
          { ...found, endsAt },
          () =>
            `This is a token of ${found.kind === 'lease' ? 'a lease of ' : ''}agent ${found.agent} of market ` +
            `${found.marketId}, good until ${endsAt ?? 'somebody ends it'}.\n`,
        )
      }),
    )
}

/** A token is no argument: those can be seen by everybody on the machine. */
async function readToken(): Promise<string> {
  const given = process.env.BOURSE_TOKEN?.trim()
  if (given) return given
  if (!process.stdin.isTTY) for await (const { text } of readLines(process.stdin)) return text?.trim() ?? ''
  throw wrongUsage('token: set BOURSE_TOKEN, or give the token on standard input', 'token')
}
