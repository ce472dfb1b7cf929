import { readFile } from 'node:fs/promises'
import Table from 'cli-table3'
import { type Command, Option } from 'commander'
import colours from 'picocolors'
import { type BookClearing, clearBook, readBook } from '../../shared/clearing/book.ts'
import type { Policy } from '../../shared/clearing/clear.ts'

const EXIT_REFUSED = 1
const EXIT_UNREADABLE = 2
const MAX_WINNERS_SHOWN = 50
const PLAIN = { head: [], border: [] }

type ClearOptions = { file: string; policy: Policy; json: boolean }
type Failure = { code: string; message: string; field?: string }

/** `bourse clear`: winner determination alone, on a book from a file, without a market or a server. */
export function registerClear(program: Command): void {
  program
    .command('clear')
    .description('clear a book from a file: winners, payments and the distance to the best possible')
    .requiredOption('--file <book.json>', 'the book: resources, supply, prices and bids')
    .addOption(
      new Option('--policy <policy>', 'what ranks bids')
        .choices(['highest-bid', 'posted-price'])
        .default('highest-bid'),
    )
    .option('--json', 'print one JSON document', false)
    .action(clearFile)
}

async function clearFile({ file, policy, json }: ClearOptions): Promise<void> {
  let input: unknown
  try {
    input = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    const message = `${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`
    fail({ code: 'unreadable_file', message }, json, EXIT_UNREADABLE)
    return
  }
  const reading = readBook(input, policy)
  if (!reading.ok) {
    fail(reading.error, json, EXIT_REFUSED)
    return
  }
  const clearing = await clearBook(reading.book, policy)
  process.stdout.write(
    json ? `${JSON.stringify(clearing)}\n` : `${report(clearing, reading.book.bids.length)}\n`,
  )
}

function fail(error: Failure, json: boolean, exitCode: number): void {
  process.exitCode = exitCode
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, error })}\n`)
  else process.stderr.write(`${colours.red(error.code)}: ${error.message}\n`)
}

function report(clearing: BookClearing, bids: number): string {
  const winners = new Table({
    head: ['rank', 'winner', 'pays'],
    colAligns: ['right', 'left', 'right'],
    style: PLAIN,
  })
  for (const [index, id] of clearing.winners.slice(0, MAX_WINNERS_SHOWN).entries()) {
    winners.push([index + 1, String(id), clearing.payments[String(id)] ?? ''])
  }
  const hidden = clearing.winners.length - MAX_WINNERS_SHOWN
  const utilisation = new Table({ head: ['resource', 'used'], colAligns: ['left', 'right'], style: PLAIN })
  for (const [resource, used] of Object.entries(clearing.utilisation))
    utilisation.push([resource, percent(used)])
  return [
    winners.toString(),
    hidden > 0 ? colours.dim(`and ${hidden} more (all with --json)`) : null,
    utilisation.toString(),
    `${clearing.winners.length} of ${bids} bids win and pay ${colours.bold(clearing.value)} credits in all`,
    `no clearing is worth more than ${clearing.lpBound} credits: this one is ${percent(clearing.gap)} below`,
  ]
    .filter(part => part !== null)
    .join('\n')
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`
}
