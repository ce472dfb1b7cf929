import { resolve } from 'node:path'
import type { Command } from 'commander'
import { stackHome } from '../../shared/config/stack-state.ts'
import { backUpStack, restoreStack } from '../../workers/stack/backup.ts'
import { StackError } from '../../workers/stack/stack-error.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT_REFUSED } from '../exit-codes.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'

/** `bourse backup`: what a local stack cannot make anew, into a folder, while it runs. */
export function registerBackup(program: Command): void {
  program
    .command('backup <folder>')
    .description('copy what the local stack cannot make anew to a new folder, while the stack runs')
    .option('--json', 'print one JSON document')
    .action((folder: string, options: OutputOptions) =>
      runCommand(options, async () => {
        const taken = await orRefused(() => backUpStack(stackHome(), resolve(folder)))
        await printAnswer(
          options,
          { ok: true, folder: resolve(folder), ...taken },
          () => `Backed up to ${resolve(folder)}, passwords included: keep it as safe as the stack itself.\n`,
        )
        return undefined
      }),
    )
}

/** `bourse restore`: puts a backup into a home whose stack is down. */
export function registerRestore(program: Command): void {
  program
    .command('restore <folder>')
    .description('put a backup into the local stack, which must be down; what was there is moved aside')
    .option('--json', 'print one JSON document')
    .action((folder: string, options: OutputOptions) =>
      runCommand(options, async () => {
        const restored = await orRefused(() => restoreStack(stackHome(), resolve(folder)))
        const aside = restored.movedAside.map(path => `  ${path}\n`).join('')
        await printAnswer(
          options,
          { ok: true, home: stackHome(), ...restored },
          () =>
            `Restored the backup of ${restored.takenAt}.\n${aside === '' ? '' : `Moved aside:\n${aside}`}` +
            'Start the stack, and see `bourse status`: a stream that is ahead of the restored database needs `bourse repair <market>`.\n',
        )
        return undefined
      }),
    )
}

async function orRefused<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    throw new CommandFailure({ code: `${error.part}_refused`, message: error.message }, EXIT_REFUSED)
  }
}
