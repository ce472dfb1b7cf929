import type { Command } from 'commander'
import { describeOperations } from '../../shared/rpc/describe.ts'
import { allSchemas, type OperationSchema, schemaOf } from '../../shared/rpc/json-schema.ts'
import { isOperationName, operations } from '../../shared/rpc/operations.ts'
import { wrongUsage } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer, write } from '../show/answer.ts'

/** `bourse rpc ...`: what agents may ask over NATS. */
export function registerRpc(program: Command): void {
  const rpc = program.command('rpc').description('what agents may ask the gateway over NATS')

  rpc
    .command('schema [operation]')
    .description('one operation, or all: request and reply as JSON Schema, and error codes')
    .option('--json', 'print one JSON document')
    .option('--markdown', 'all of them as a page for people')
    .action((operation: string | undefined, options: OutputOptions & { markdown?: boolean }) =>
      runCommand(options, async () => {
        if (options.markdown) {
          await write(describeOperations())
          return undefined
        }
        if (operation === undefined) {
          const items = allSchemas()
          await printAnswer(options, { ok: true, items }, () => items.map(inOneLine).join(''))
          return undefined
        }
        if (!isOperationName(operation)) {
          const names = Object.keys(operations).join(', ')
          throw wrongUsage(
            `operation: there is no ${JSON.stringify(operation)}; there are ${names}`,
            'operation',
          )
        }
        const schema = schemaOf(operation)
        await printAnswer(options, { ok: true, ...schema }, () => `${JSON.stringify(schema, null, 2)}\n`)
        return undefined
      }),
    )
}

function inOneLine({ operation, description }: OperationSchema): string {
  return `${operation.padEnd(22)} ${description}\n`
}
