import type { Command } from 'commander'
import { validate as isUuid } from 'uuid'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import { readBidRecord, readRefusalRecord } from '../../shared/db/bids/read-bid-record.ts'
import type { Database } from '../../shared/db/pool.ts'
import { readBidOutcome } from '../../shared/db/read-outcome.ts'
import { bidStory, refusalStory, type StoryNode } from '../../shared/trace/bid-story.ts'
import { placeOfBid } from '../../shared/trace/traces.ts'
import { acceptedOrRefused, refused, wrongUsage } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { colours } from '../show/colours.ts'
import { safeText } from '../show/safe-text.ts'

type TraceOptions = OutputOptions & { key?: string; agent?: string; market?: string }
type Told = { traceId: string | null; story: StoryNode }

/** `bourse trace`: one bid's way as a tree, from its row and its events. */
export function registerTrace(program: Command): void {
  program
    .command('trace [id]')
    .description("a bid's way and what was decided; the id of a bid, or of a refusal's event or operation")
    .option('--key <key>', 'the key the bid was sent with, instead of an id')
    .option('--agent <agent>', 'with --key: who sent it')
    .option('--market <market>', 'with --key: where')
    .option('--json', 'print one JSON document')
    .action((id: string | undefined, options: TraceOptions) =>
      runCommand(options, async servers => {
        const db = servers.database()
        const told = id === undefined ? await tellByKey(db, options) : await tellById(db, id, options)
        await printAnswer(options, { ok: true, ...told }, () => renderStory(told))
      }),
    )
}

async function tellById(db: Database, id: string, { key, agent, market }: TraceOptions): Promise<Told> {
  if (key !== undefined || agent !== undefined || market !== undefined) {
    throw wrongUsage('an id goes without --key, --agent and --market')
  }
  const told = isUuid(id) ? await tellOf(db, id.toLowerCase()) : null
  return told ?? unknownBid(`there is no bid and no refusal ${JSON.stringify(id)}`)
}

async function tellByKey(db: Database, { key, agent, market }: TraceOptions): Promise<Told> {
  if (key === undefined || agent === undefined || market === undefined) {
    throw wrongUsage('give the id of a bid or refusal, or --key, --agent and --market')
  }
  acceptedOrRefused(await findAgentId(db, market, agent))
  const verdict = await readBidOutcome(db, market, agent, key)
  if (verdict === null) return unknownBid(`no verdict is kept under key ${JSON.stringify(key)} of ${agent}`)
  const id = verdict.ok ? verdict.bidId : verdict.error.operationId
  const told = id === undefined ? null : await tellOf(db, id)
  if (told !== null) return told
  if (verdict.ok) return unknownBid(`there is no bid ${verdict.bidId}`)
  const { code, message, required = null, available = null } = verdict.error
  const refusal = { marketId: market, agent, traceId: null, reason: code, message, required, available }
  return { traceId: null, story: refusalStory({ ...refusal, count: 1, event: null }) }
}

async function tellOf(db: Database, id: string): Promise<Told | null> {
  const bid = await readBidRecord(db, id)
  if (bid !== null) {
    const { traceId } = placeOfBid(bid.bidId, bid.traceparent)
    return { traceId, story: bidStory(bid) }
  }
  const refusal = await readRefusalRecord(db, id)
  return refusal === null ? null : { traceId: refusal.traceId, story: refusalStory(refusal) }
}

function unknownBid(problem: string): never {
  const message = `${problem}: \`bourse bids <market>\` lists bids; a refusal is named by its event's id or operationId`
  throw refused({ code: 'unknown_bid', message, field: 'id' })
}

function renderStory({ traceId, story }: Told): string {
  const originMs = firstMomentOf(story)
  const lines = [lineOf(story, originMs), ...branches(story.children, '', originMs)]
  lines.push(colours.dim(`trace ${traceId ?? 'unknown'}`))
  return `${lines.join('\n')}\n`
}

function branches(nodes: readonly StoryNode[], indent: string, originMs: number | null): string[] {
  return nodes.flatMap((node, place) => {
    const last = place === nodes.length - 1
    const line = `${indent}${last ? '└─ ' : '├─ '}${lineOf(node, originMs)}`
    return [line, ...branches(node.children, `${indent}${last ? '   ' : '│  '}`, originMs)]
  })
}

function lineOf({ text, atMs, event }: StoryNode, originMs: number | null): string {
  const time = atMs === null ? '' : ` ${new Date(atMs).toISOString()} (+${atMs - (originMs ?? atMs)} ms)`
  const place = event === null ? '' : ` event ${event.seq}${event.published ? '' : ', not published yet'}`
  return `${safeText(text)}${colours.dim(`${time}${place}`)}`
}

/** The placement is told first. */
function firstMomentOf({ atMs, children }: StoryNode): number | null {
  return atMs ?? children[0]?.atMs ?? null
}
