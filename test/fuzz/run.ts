import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stackEnvironment } from '../../shared/config/stack-state.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { verify } from '../../shared/verify/verify.ts'
import { STACK_WORKERS } from '../../workers/stack/stack-workers.ts'
import { startStack } from '../../workers/stack/start-stack.ts'
import { PATIENCE_MS } from '../patience.ts'
import { connectByToken, tokenOf } from '../workers/identity/agent-door.ts'
import { openTestEconomy, type TestEconomy } from '../workflows/economy-client.ts'
import { drawMessages } from './messages.ts'
import { sendMessages } from './send-messages.ts'

/**
 * `npm run fuzz`: agents send messages that nobody would write to a stack of its own. Each round has a market of its own,
 * audited at its end. Exit code 0 when every message was answered in words and every market is in order.
 */
const USAGE = 'usage: npm run fuzz [-- --messages <count> --seed <number>]'
const AGENTS = 50
const MESSAGES_PER_AGENT = 400
const DEFAULT_MESSAGES = 1_000_000
const names = Array.from({ length: AGENTS }, (_, index) => `a${index}`)
const say = (text: string) => process.stderr.write(`${text}\n`)

const { values } = parseArgs({ options: { messages: { type: 'string' }, seed: { type: 'string' } } })
const wanted = Number(values.messages ?? DEFAULT_MESSAGES)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
if (!Number.isSafeInteger(wanted) || wanted < 1 || !Number.isSafeInteger(seed)) throw new Error(USAGE)

const home = mkdtempSync(join(tmpdir(), 'bourse-fuzz-'))
const stack = await startStack({
  home,
  migrate,
  workers: STACK_WORKERS.map(worker => ({ ...worker, env: { BOURSE_LOG_LEVEL: 'error' } })),
  onProgress: say,
})
const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
void stack.failed.then(({ message }) => say(message))
Object.assign(process.env, stackEnvironment(stack.state, ['operator', 'identity', 'gateway']))
const economy = await openTestEconomy()
try {
  const codes = new Map<string, number>()
  const startedAt = performance.now()
  let sent = 0
  for (let round = 0; sent < wanted && !stopping.signal.aborted; round++) {
    await sendRound(economy, seed + round, codes)
    sent += AGENTS * MESSAGES_PER_AGENT
    const seconds = (performance.now() - startedAt) / 1000
    say(
      `round ${round + 1}: ${sent} messages in ${seconds.toFixed(0)} s, all answered; its market is in order`,
    )
  }
  const counted = [...codes].toSorted(([, a], [, b]) => b - a).map(([code, count]) => `  ${code} ${count}`)
  process.stdout.write(`${sent} messages from seed ${seed}, answered with\n${counted.join('\n')}\n`)
} catch (error) {
  say(`seed ${seed}: ${(error as Error).stack}`)
  process.exitCode = 1
} finally {
  await economy.close()
  await stack.stop()
  rmSync(home, { recursive: true, force: true })
}

/** One market, its agents, their messages, its audit. Throws when something is not as it should be. */
async function sendRound(
  { db, bus, createMarket }: TestEconomy,
  roundSeed: number,
  codes: Map<string, number>,
): Promise<void> {
  const marketId = await createMarket('fuzz', {}, Object.fromEntries(names.map(agent => [agent, 50n])))
  const messages = drawMessages(roundSeed, AGENTS * MESSAGES_PER_AGENT, names)
  const tokens: string[] = []
  // One after the other: all at once wait for the same row, and on a busy machine for longer than they may.
  for (const agent of names) tokens.push(await tokenOf(db, marketId, agent))
  await Promise.all(
    names.map(async (agent, index) => {
      const connection = await connectByToken(tokens[index]!, marketId, agent)
      const own = messages.slice(index * MESSAGES_PER_AGENT, (index + 1) * MESSAGES_PER_AGENT)
      await sendMessages(connection, { marketId, agent }, own, code =>
        codes.set(code, (codes.get(code) ?? 0) + 1),
      )
      await connection.close()
    }),
  )
  // On a busy machine the events may be published late; what is wrong stays wrong.
  const lookUntilMs = performance.now() + PATIENCE_MS
  for (;;) {
    const { checks } = await verify({ db, bus, marketId, fromEvents: true })
    const wrong = checks.filter(check => !check.ok)
    if (wrong.length === 0) return
    if (performance.now() > lookUntilMs) {
      throw new Error(`market ${marketId} is not in order: ${JSON.stringify(wrong)}`)
    }
  }
}
