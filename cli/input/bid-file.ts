import { randomUUID } from 'node:crypto'
import type { BidVerdict } from '../../shared/bid/admission.ts'
import type { BidSubmission } from '../../shared/economy/economy.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.ts'
import { note, type OutputOptions, write } from '../show/answer.ts'
import { safeJson, safeText } from '../show/safe-text.ts'
import type { Servers } from '../stack/servers.ts'
import { openInput } from './read-json-file.ts'
import { type Line, MAX_LINE_CHARACTERS, readLines } from './read-lines.ts'

const MAX_BIDS_PER_BATCH = 1_000

interface ReadLine {
  number: number
  agent: string
  submission: BidSubmission | null
  problem: string
}

interface Counts {
  admitted: number
  refused: number
}

/**
 * Admits the bids of a file, one JSON object a line, in batches, and tells one verdict a line in their order. A bid
 * without a key gets one of the run and its line, so that a run that broke off may be repeated: what was decided
 * answers its first verdict. Returns the exit code: done when every bid was admitted.
 */
export async function bidFromFile(
  marketId: string,
  path: string,
  options: OutputOptions & { run?: string },
  servers: Servers,
): Promise<number> {
  const run = options.run ?? randomUUID()
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const counts: Counts = { admitted: 0, refused: 0 }
  let batch: ReadLine[] = []
  for await (const line of linesOf(path)) {
    batch.push(readBidLine(line, run))
    if (batch.length < MAX_BIDS_PER_BATCH) continue
    await admitBatch(marketId, run, batch, options, servers, counts)
    batch = []
  }
  if (batch.length > 0) await admitBatch(marketId, run, batch, options, servers, counts)
  note(`${counts.admitted} admitted, ${counts.refused} refused`)
  return counts.refused === 0 ? EXIT_DONE : EXIT_REFUSED
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  try {
    yield* readLines(openInput(path))
  } catch (error) {
    const isFileError = 'syscall' in (error as Error)
    throw isFileError
      ? wrongUsage(`--file ${path} cannot be read: ${(error as Error).message}`, 'file')
      : error
  }
}

/** Reads one line; what is wrong with its bid is admission's to say, what is no bid at all is said here. */
export function readBidLine({ number, text }: Line, run: string): ReadLine {
  const unreadable = (problem: string, agent = '') => ({ number, agent, submission: null, problem })
  if (text === null) return unreadable(`line: is longer than ${MAX_LINE_CHARACTERS} characters`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return unreadable('line: is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return unreadable('line: is not an object such as {"agent": "ada", "amount": "25", "bundle": {...}}')
  }
  const { agent, ...fields } = json as Record<string, unknown>
  const bid = { key: `file/${run}/${number}`, ...fields }
  if (typeof agent !== 'string') return unreadable('agent: is missing or not a text')
  return { number, agent, submission: { agent, bid, via: 'cli', actor: cliActor() }, problem: '' }
}

async function admitBatch(
  marketId: string,
  run: string,
  batch: readonly ReadLine[],
  options: OutputOptions,
  servers: Servers,
  counts: Counts,
): Promise<void> {
  const submissions = batch.flatMap(({ submission }) => (submission === null ? [] : [submission]))
  const verdicts = submissions.length === 0 ? [] : await admit(marketId, run, batch, submissions, servers)
  let next = 0
  let told = ''
  for (const line of batch) {
    const verdict = line.submission === null ? notABid(line.problem) : verdicts[next++]!
    counts[verdict.ok ? 'admitted' : 'refused'] += 1
    told += options.json ? jsonLine(line, verdict) : textLine(line, verdict)
  }
  await write(told)
}

async function admit(
  marketId: string,
  run: string,
  batch: readonly ReadLine[],
  submissions: readonly BidSubmission[],
  servers: Servers,
): Promise<BidVerdict[]> {
  try {
    return await servers.economy().admitBids(marketId, submissions)
  } catch (error) {
    const [first, last] = [batch[0]!.number, batch.at(-1)!.number]
    note(
      `Lines before ${first} are decided, of lines ${first} to ${last} nothing is known. The same command with --run ${run} goes on: what was decided keeps its verdict.`,
    )
    throw error
  }
}

function notABid(message: string): BidVerdict {
  return { ok: false, error: { code: 'invalid_bid', message, field: message.split(':')[0]! } }
}

function jsonLine({ number, agent }: ReadLine, verdict: BidVerdict): string {
  return `${safeJson({ line: number, agent: agent || null, ...verdict })}\n`
}

function textLine({ number, agent }: ReadLine, verdict: BidVerdict): string {
  const text = verdict.ok
    ? `${verdict.status} ${verdict.bidId} ${verdict.held} held`
    : `${verdict.error.code}: ${verdict.error.message}`
  return `${number} ${safeText(agent) || '-'} ${safeText(text)}\n`
}
