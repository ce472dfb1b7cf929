import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import type { BidVerdict } from '../../shared/bid/admission.ts'
import { readBidRequest } from '../../shared/bid/bid-request.ts'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import { readClock } from '../../shared/db/read-clock.ts'
import { refuse } from '../../shared/economy/refusal.ts'
import { NAME_PATTERN } from '../../shared/market/name-pattern.ts'
import { contextOf, traced } from '../../shared/telemetry/trace-context.ts'
import { readTraceparent } from '../../shared/trace/traceparent.ts'
import { bidOverNats } from '../bid-over-nats.ts'
import { acceptedOrRefused, outOfReach, refused, wrongUsage } from '../command-failure.ts'
import { bidFromFile } from '../input/bid-file.ts'
import { type BidOptions, bidOf } from '../input/bid-input.ts'
import { wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import type { Servers } from '../stack/servers.ts'
import { bidBySignal, bidByUpdate } from '../temporal/agent-workflow.ts'
import { awaitVerdict } from '../temporal/await-verdict.ts'

type BidVia = 'update' | 'signal' | 'nats'
type Options = OutputOptions & BidOptions & { via: BidVia; expiresIn?: number; file?: string; run?: string }

const MAX_EXPIRY_SECONDS = 31_536_000
const RUN_NAME = /^[\w.-]{1,100}$/

/** `bourse bid`: one bid from options, or many from a file. */
export function registerBid(program: Command): void {
  program
    .command('bid <market> [agent]')
    .description('offer credits for a bundle, and print the verdict')
    .option('--amount <credits>', 'what is offered')
    .option('--cpu <fraction>', 'of its capacity, 0 to 1')
    .option('--memory <fraction>', 'of its capacity, 0 to 1')
    .option('--tokens <fraction>', 'of its capacity, 0 to 1')
    .option('--attention <fraction>', 'of its capacity, 0 to 1')
    .option('--resource <name=fraction>', "a resource of the market's own; may be repeated", collect)
    .option('--duration <seconds>', 'for how long, 1 to 86400')
    .option('--good-till-cancelled', 'stay in the book until it wins, expires or is cancelled')
    .addOption(
      new Option('--expires-in <seconds>', 'leave the book after this time')
        .argParser(wholeNumber(1, MAX_EXPIRY_SECONDS))
        .conflicts('expiresAt'),
    )
    .option('--expires-at <time>', 'leave the book at this time, such as 2030-01-01T00:00:00Z')
    .option('--on-behalf-of <agent>', 'who gets the lease; the agent above pays')
    .option('--key <text>', 'the same key and bid again is the same bid: it answers the first verdict')
    .addOption(
      new Option('--via <way>', "by update, by signal to the agent's workflow, or as agents do over NATS")
        .choices(['update', 'signal', 'nats'])
        .default('update'),
    )
    .option(
      '--file <bids.jsonl>',
      'many bids, one JSON object a line: {"agent", "amount", "bundle", ...}; - is standard input',
    )
    .option(
      '--run <name>',
      'with --file: the name of a run that broke off, which told it, or one of your own; repeated, it bids no line twice',
    )
    .option('--json', 'print one JSON document; with --file, one a line')
    .action((marketId: string, agent: string | undefined, options: Options) =>
      runCommand(options, servers => bid(marketId, agent, options, servers)),
    )
}

async function bid(
  marketId: string,
  agent: string | undefined,
  options: Options,
  servers: Servers,
): Promise<number | undefined> {
  if (options.file !== undefined) {
    if (agent !== undefined || options.amount !== undefined) {
      throw wrongUsage(
        '--file: the bids in it name their agents and amounts; give only the market beside it',
        'file',
      )
    }
    if (options.run !== undefined && !RUN_NAME.test(options.run)) {
      throw wrongUsage('--run: is 1 to 100 letters, digits, dots, dashes or underscores', 'run')
    }
    return await bidFromFile(marketId, options.file, options, servers)
  }
  if (options.run !== undefined) throw wrongUsage('--run: names a run of a --file', 'run')
  if (agent === undefined)
    throw wrongUsage('agent: is missing; `bourse bid <market> <agent> --amount ...`', 'agent')
  const described = bidOf(options)
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const expiring =
    options.expiresIn === undefined ? described : await expire(described, options.expiresIn, servers)
  const verdict = await placeTraced(marketId, agent, expiring, options.via, servers)
  if (!verdict.ok) throw refused(verdict.error)
  await printAnswer(
    options,
    verdict,
    () => `Bid ${verdict.bidId} is ${verdict.status}; ${verdict.held} credits are held for it.\n`,
  )
  return undefined
}

/**
 * Places the bid in the trace that TRACEPARENT names, as a span of it when spans are sent somewhere; the bid itself
 * carries it else.
 */
async function placeTraced(
  marketId: string,
  agent: string,
  described: object,
  via: BidVia,
  servers: Servers,
): Promise<BidVerdict> {
  const { TRACEPARENT: traceparent } = process.env
  if ((await servers.telemetry()).tracing !== null) {
    const attributes = { 'bourse.market': marketId, 'bourse.agent': agent, 'bourse.bid.via': via }
    return await traced('place bid', { parent: contextOf(traceparent), attributes }, () =>
      place(marketId, agent, described, via, servers),
    )
  }
  const isFollowed = readTraceparent(traceparent) !== null && !('traceparent' in described)
  return await place(marketId, agent, isFollowed ? { ...described, traceparent } : described, via, servers)
}

/** The economy's clock decides when, not this machine's. */
async function expire(described: object, seconds: number, servers: Servers): Promise<object> {
  const now = await readClock(servers.database())
  return { ...described, expiresAt: new Date(now.getTime() + seconds * 1000).toISOString() }
}

async function place(
  marketId: string,
  agent: string,
  described: object,
  via: BidVia,
  servers: Servers,
): Promise<BidVerdict> {
  if (!NAME_PATTERN.test(agent)) {
    throw refused(
      refuse('unknown_agent', `market ${marketId} has no agent ${JSON.stringify(agent)}`, 'agent').error,
    )
  }
  const to = { taskQueue: servers.environment().temporal.taskQueue, marketId, agent }
  if (via === 'nats') return await bidOverNats(servers, { marketId, agent }, described)
  if (via === 'update') return await bidByUpdate(await servers.temporal(), to, described)

  // What is sent blindly is looked at before: these answers would come back to nobody.
  acceptedOrRefused(await findAgentId(servers.database(), marketId, agent))
  const read = readBidRequest(described)
  if (!read.ok) throw refused(refuse('invalid_bid', `${read.field}: ${read.problem}`, read.field).error)
  const key = read.request.key ?? `cli/${randomUUID()}`
  const client = await servers.temporal()
  await bidBySignal(client, to, { ...described, key })
  const verdict = await awaitVerdict(servers.database(), client, to, key)
  if (verdict !== null) return verdict
  throw outOfReach(
    'no_answer',
    `The bid was sent under the key ${key} and has no verdict yet: is a market worker running? It may still be admitted.`,
  )
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}
