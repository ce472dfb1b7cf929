import { Command, CommanderError } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { printFailure } from './answer.ts'
import { registerAgent } from './commands/agent.ts'
import { registerBid } from './commands/bid.ts'
import { registerBids } from './commands/bids.ts'
import { registerCancel } from './commands/cancel.ts'
import { registerClear } from './commands/clear.ts'
import { registerCycles } from './commands/cycles.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerDown } from './commands/down.ts'
import { registerEvents } from './commands/events.ts'
import { registerGrant } from './commands/grant.ts'
import { registerHistory } from './commands/history.ts'
import { registerLeases } from './commands/leases.ts'
import { registerMarket } from './commands/market.ts'
import { registerPrices } from './commands/prices.ts'
import { registerStatus } from './commands/status.ts'
import { registerTransfer } from './commands/transfer.ts'
import { registerUp } from './commands/up.ts'
import { registerVerify } from './commands/verify.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from './exit-codes.ts'

const REGISTER = [
  registerDoctor,
  registerUp,
  registerDown,
  registerDemo,
  registerStatus,
  registerMarket,
  registerAgent,
  registerBid,
  registerCancel,
  registerTransfer,
  registerGrant,
  registerBids,
  registerHistory,
  registerLeases,
  registerCycles,
  registerPrices,
  registerEvents,
  registerVerify,
  registerClear,
]

await main(process.argv.slice(2))

/** The `bourse` command. Sets the exit code; wrong usage is told as the commands tell it. */
async function main(args: readonly string[]): Promise<void> {
  endQuietlyWhenNobodyReads()
  const program = new Command('bourse')
    .description('A durable market in which agents bid credits for scarce resources.')
    .version(packageFile.version)
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
  const asJson = args.includes('--json')
  if (asJson) program.configureOutput({ outputError: () => {} })
  for (const register of REGISTER) register(program)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? EXIT_DONE : EXIT_UNUSABLE
    if (asJson && error.exitCode !== 0) {
      const message =
        error.code === 'commander.help' ? 'which command?' : error.message.replace(/^error: /, '')
      await printFailure({ json: true }, { code: 'wrong_usage', message })
    }
  }
}

function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_DONE)
    throw error
  })
}
