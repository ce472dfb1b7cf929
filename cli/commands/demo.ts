import type { Command } from 'commander'
import { type StackState, stackHome } from '../../shared/config/stack-state.ts'
import type { VerifyReport } from '../../shared/verify/verify.ts'
import { DemoIncomplete, freshDemoHome, runDemo } from '../demo/run-demo.ts'
import { audit, cycleHeading, cycleRow, newsRow, summary } from '../demo/story.ts'
import type { Tally } from '../demo/tally.ts'
import { TRADERS } from '../demo/traders.ts'
import { EXIT_REFUSED } from '../exit-codes.ts'
import { note, printAnswer, write } from '../show/answer.ts'
import { colours } from '../show/colours.ts'
import { StackStartError } from '../stack/stack-process.ts'

interface DemoOptions {
  json?: boolean
  keep?: boolean
}

/** `bourse demo`: a small economy on a stack of its own, from the first bid to the audit, in under a minute. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('run a small economy on real servers for some cycles, audit it, and end')
    .option('--keep', 'leave its servers up when it is over, until Ctrl-C')
    .option('--json', 'print what happened as one JSON document')
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options)
    })
}

async function demo({ json = false, keep = false }: DemoOptions): Promise<number> {
  const home = freshDemoHome(stackHome())
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())
  const tell = async (text: string) => {
    if (!json) await write(text)
  }
  try {
    await runDemo(home, interrupted.signal, {
      onStack(state) {
        void tell(
          `\nNineteen agents live on cpu, memory, tokens and attention. Watch them: ${state.temporalUi}\n\n${cycleHeading()}`,
        )
      },
      onCycle(cycle) {
        void tell(cycleRow(cycle))
      },
      onNews(news) {
        void tell(newsRow(news))
      },
      async onEnd(tally, report, state, leftOut) {
        await printAnswer({ json }, documentOf(tally, report, state, leftOut), () =>
          epilogue(tally, report, state, leftOut, home, keep),
        )
        if (!keep) return
        note('The servers stay up until Ctrl-C.')
        await new Promise<void>(resolve => {
          if (interrupted.signal.aborted) resolve()
          interrupted.signal.addEventListener('abort', () => resolve(), { once: true })
        })
      },
    })
    return 0
  } catch (error) {
    if (!(error instanceof DemoIncomplete || error instanceof StackStartError)) throw error
    note(`The demo did not finish: ${error.message}\nLogs are in ${home}/logs.`)
    return EXIT_REFUSED
  }
}

function epilogue(
  tally: Tally,
  report: VerifyReport,
  state: StackState,
  leftOut: readonly string[],
  home: string,
  keep: boolean,
): string {
  const workflow = `${state.temporalUi}/namespaces/${state.temporalNamespace}/workflows/market%2Fdemo`
  return [
    `\n${colours.bold('Who won what, by the events alone')}\n\n${summary(tally, habitOf)}`,
    `\n${colours.bold('Audit (bourse verify)')}\n\n${audit(report)}`,
    leftOut.length === 0
      ? ''
      : `\n${colours.bold('Left out')}\n\nWithout a sandbox nobody was ${leftOut.join(', ')}.\n`,
    `\n${colours.bold('Where to look')}\n\n`,
    keep
      ? `The market as a workflow: ${workflow}\n`
      : `This stack ends now and keeps its data. To look at it again: npx bourse up --home ${home}\nThen open the market as a workflow: ${workflow}\n`,
    'A stack of your own: npm start\n',
  ].join('')
}

function documentOf(tally: Tally, report: VerifyReport, state: StackState, leftOut: readonly string[]) {
  return {
    ok: report.ok,
    cycles: tally.cycles,
    agents: [...tally.agents.values()].map(({ endowedMicro, paidMicro, ...agent }) => ({
      ...agent,
      habit: habitOf(agent.agent),
      endowedMicro: endowedMicro.toString(),
      paidMicro: paidMicro.toString(),
    })),
    refusals: Object.fromEntries(tally.refusals),
    leasesEnded: tally.leasesEnded,
    circuits: tally.circuits,
    modelCalls: tally.modelCalls,
    pricesMoved: tally.pricesMoved,
    leftOut,
    verify: report,
    temporalUi: state.temporalUi,
  }
}

function habitOf(agent: string): string {
  return Object.keys(TRADERS).find(habit => TRADERS[habit]!.agents.includes(agent)) ?? '-'
}
