import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { runDoctor } from '../../setup/doctor-report.mjs'

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** `bourse doctor`: what this machine has, what is missing, what will be done by itself. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check this machine: what is there, what is missing, what will be done')
    .option('--json', 'print one JSON document')
    .action(async (options: { json?: boolean }) => {
      process.exitCode = await runDoctor(checkout, { json: options.json ?? false })
    })
}
