import type { Command } from 'commander'
import { stackHome } from '../../shared/config/stack-state.ts'
import { stopStackProcess } from '../stack/stop-stack-process.ts'

const EXIT_REFUSED = 1

/** `bourse down`: ends the local stack and waits until every process of it has ended. */
export function registerDown(program: Command): void {
  program
    .command('down')
    .description('end the local stack and wait until it has ended; its data stays')
    .option('--home <dir>', 'the folder of the stack (default: BOURSE_HOME or .bourse)')
    .option('--json', 'print one JSON document')
    .action(async ({ home, json = false }: { home?: string; json?: boolean }) => {
      const outcome = await stopStackProcess(stackHome(home))
      if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`)
      else process.stderr.write(`${outcome.message}\n`)
      process.exitCode = outcome.ok ? 0 : EXIT_REFUSED
    })
}
