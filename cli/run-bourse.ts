import { Command, CommanderError } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { EXIT_DONE, EXIT_UNUSABLE } from './exit-codes.ts'
import { printFailure } from './show/answer.ts'

type Register = (program: Command) => void

/** Every command and where it is; one that is asked for by its name is loaded alone, which starts faster. */
const COMMANDS: Record<string, () => Promise<Register>> = {
  doctor: async () => (await import('./commands/doctor.ts')).registerDoctor,
  up: async () => (await import('./commands/up.ts')).registerUp,
  down: async () => (await import('./commands/down.ts')).registerDown,
  backup: async () => (await import('./commands/backup.ts')).registerBackup,
  restore: async () => (await import('./commands/backup.ts')).registerRestore,
  worker: async () => (await import('./commands/worker.ts')).registerWorker,
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  status: async () => (await import('./commands/status.ts')).registerStatus,
  market: async () => (await import('./commands/market.ts')).registerMarket,
  agent: async () => (await import('./commands/agent.ts')).registerAgent,
  allowance: async () => (await import('./commands/allowance.ts')).registerAllowance,
  bid: async () => (await import('./commands/bid.ts')).registerBid,
  cancel: async () => (await import('./commands/cancel.ts')).registerCancel,
  transfer: async () => (await import('./commands/transfer.ts')).registerTransfer,
  grant: async () => (await import('./commands/grant.ts')).registerGrant,
  bids: async () => (await import('./commands/bids.ts')).registerBids,
  history: async () => (await import('./commands/history.ts')).registerHistory,
  ledger: async () => (await import('./commands/ledger.ts')).registerLedger,
  audit: async () => (await import('./commands/audit.ts')).registerAudit,
  lease: async () => (await import('./commands/lease.ts')).registerLease,
  leases: async () => (await import('./commands/leases.ts')).registerLeases,
  execution: async () => (await import('./commands/execution.ts')).registerExecution,
  cycles: async () => (await import('./commands/cycles.ts')).registerCycles,
  prices: async () => (await import('./commands/prices.ts')).registerPrices,
  prompt: async () => (await import('./commands/prompt.ts')).registerPrompt,
  trace: async () => (await import('./commands/trace.ts')).registerTrace,
  events: async () => (await import('./commands/events.ts')).registerEvents,
  repair: async () => (await import('./commands/repair.ts')).registerRepair,
  llm: async () => (await import('./commands/llm.ts')).registerLlm,
  report: async () => (await import('./commands/report.ts')).registerReport,
  verify: async () => (await import('./commands/verify.ts')).registerVerify,
  rpc: async () => (await import('./commands/rpc.ts')).registerRpc,
  scenario: async () => (await import('./commands/scenario.ts')).registerScenario,
  clear: async () => (await import('./commands/clear.ts')).registerClear,
}

/** Runs `bourse` with these arguments. Sets the exit code; wrong usage is told as the commands tell it. */
export async function runBourse(args: readonly string[]): Promise<void> {
  const asJson = args.includes('--json')
  const program = new Command('bourse')
    .description('A durable market in which agents bid credits for scarce resources.')
    .version(packageFile.version)
    .exitOverride()
  if (asJson) program.configureOutput({ writeErr: () => {} })
  else program.showHelpAfterError('(--help tells more)')
  const named = args[0] !== undefined && Object.hasOwn(COMMANDS, args[0]) ? COMMANDS[args[0]] : undefined
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? EXIT_DONE : EXIT_UNUSABLE
    if (asJson && error.exitCode !== 0) await printFailure({ json: true }, wrongUsageReport(error))
  }
}

function wrongUsageReport({ code, message }: CommanderError) {
  const isHelp = code === 'commander.help'
  return {
    code: 'wrong_usage',
    message: isHelp ? 'which command? --help lists them' : message.replace(/^error: /, ''),
  }
}
