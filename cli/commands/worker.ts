import type { Command } from 'commander'
import { runCommand } from '../run-command.ts'

/** `bourse worker`: one more market worker beside those that run, in the foreground. */
export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description('one more market worker on the servers in use, until Ctrl-C; it finishes what it has')
    .action(() =>
      runCommand({}, async servers => {
        const stopped = new AbortController()
        for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())
        // Loaded here alone: a worker takes a second that no other command should.
        const { runMarketWorker } = await import('../../workers/run-market-worker.ts')
        await runMarketWorker(servers.environment(), {
          signal: stopped.signal,
          onReady: () => process.stdout.write('The worker is at work. Ctrl-C ends it.\n'),
        })
      }),
    )
}
