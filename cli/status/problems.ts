import type { StatusFacts } from './facts.ts'

/** Something an operator should know, and what to do about it. */
export interface Problem {
  code: string
  /** What it is about: a server, a process, a market. */
  subject: string
  problem: string
  remedy: string
}

/** An event that waits so long for publication does not just wait for its turn. */
const LAG_SECONDS_MAX = 30
/** A market that should have looked for work so long ago has no worker that does. */
const OVERDUE_SECONDS_MAX = 30
/** Below this the stack's disk is full before long. */
const FREE_BYTES_MIN = 1024 ** 3

const NO_SANDBOX: Problem = {
  code: 'no_sandbox',
  subject: 'programs',
  problem:
    "no worker has a sandbox: agents' programs do not begin, and what was paid for their leases comes back",
  remedy:
    '`bourse doctor` says whether this machine can make sandboxes and what it lacks; so does the log of each worker',
}

/** Everything that is wrong, the root before what follows from it. */
export function findProblems(facts: StatusFacts): Problem[] {
  const servers = serverProblems(facts)
  return [
    ...servers,
    ...processProblems(facts),
    ...schemaProblems(facts),
    ...workerProblems(facts),
    ...facts.markets.flatMap(market => marketProblems(market, servers.length === 0)),
    ...diskProblems(facts),
  ]
}

function serverProblems({ health, home }: StatusFacts): Problem[] {
  return Object.entries(health).flatMap(([server, { ok, problem }]) => {
    if (ok) return []
    const remedy =
      home === null
        ? `start it, or correct its address in the environment`
        : `see ${home}/logs/${server}.log; \`bourse down\` and \`bourse up --detach\` start the stack again`
    return [{ code: 'server_unreachable', subject: server, problem: problem ?? 'does not answer', remedy }]
  })
}

function processProblems({ processes }: StatusFacts): Problem[] {
  return processes
    .filter(({ running }) => !running)
    .map(({ name, log }) => ({
      code: 'process_down',
      subject: name,
      problem: 'is not running',
      remedy: `its log tells why: ${log}; \`bourse up --detach\` starts the stack again`,
    }))
}

function schemaProblems({ versions: { schema } }: StatusFacts): Problem[] {
  if (schema === null) return []
  const problems: Problem[] = []
  if (schema.missing.length > 0) {
    problems.push({
      code: 'schema_old',
      subject: 'postgres',
      problem: `the schema lacks ${schema.missing.join(', ')}`,
      remedy: 'start the stack again, or run `node workers/migrate.ts`; markets may go on meanwhile',
    })
  }
  if (schema.unknown.length > 0) {
    problems.push({
      code: 'schema_new',
      subject: 'postgres',
      problem: `the schema has ${schema.unknown.join(', ')}, which this version of Bourse does not know`,
      remedy: 'update this checkout to the version that migrated the database',
    })
  }
  return problems
}

function workerProblems({ health, workers, programWorkers, taskQueue }: StatusFacts): Problem[] {
  if (!health.temporal.ok || workers === null) return []
  if (workers.length > 0) return programWorkers?.length === 0 ? [NO_SANDBOX] : []
  return [
    {
      code: 'no_worker',
      subject: taskQueue,
      problem: 'no market worker polls this task queue: markets stand still',
      remedy: 'start one: `bourse worker`, with the same BOURSE_TASK_QUEUE',
    },
  ]
}

function marketProblems(market: StatusFacts['markets'][number], serversAreWell: boolean): Problem[] {
  const {
    marketId,
    orphan,
    lag,
    divergedAfter,
    deadLetters,
    lagSeconds,
    overdueSeconds,
    priceSource,
    priceAgeSeconds,
    status,
  } = market
  const about = (code: string, problem: string, remedy: string) => ({
    code,
    subject: `market ${marketId}`,
    problem,
    remedy,
  })
  const problems: Problem[] = []
  if (orphan) {
    problems.push(
      about(
        'orphan',
        'its workflow is not running (terminated, or never started)',
        `\`bourse market start ${marketId}\` starts it; so does the next bid, or the sweep when work is due`,
      ),
    )
  }
  if (divergedAfter !== null) {
    problems.push(
      about(
        'history_diverged',
        `publication is halted: its stream has events after ${divergedAfter} that Postgres lacks, so Postgres was restored from a backup`,
        `\`bourse repair ${marketId}\` goes on with what Postgres has`,
      ),
    )
  } else if (lag > 0 && lagSeconds > LAG_SECONDS_MAX && serversAreWell) {
    problems.push(
      about(
        'publication_stopped',
        `${lag} events wait in the outbox, the oldest for ${Math.round(lagSeconds)} s`,
        `the Current Details of workflow market/${marketId} say why, and so does the market worker's log`,
      ),
    )
  }
  if (overdueSeconds > OVERDUE_SECONDS_MAX && serversAreWell) {
    problems.push(
      about(
        'overdue',
        `should have looked for work ${Math.round(overdueSeconds)} s ago`,
        'see that a market worker runs and keeps up; more workers share the load',
      ),
    )
  }
  if (deadLetters !== null && deadLetters > 0) {
    problems.push(
      about(
        'dead_letters',
        `${deadLetters} messages on its subjects were no events and were put aside`,
        `\`bourse events dead-letters ${marketId}\` shows them and who may have sent them`,
      ),
    )
  }
  if (status === 'open' && priceSource === 'last_known') {
    problems.push(
      about(
        'prices_late',
        `posted prices are ${Math.round(priceAgeSeconds ?? 0)} s old; cycles go on with them`,
        `\`bourse prices ${marketId}\` shows the schedule, \`bourse prices resume ${marketId}\` lets a paused one go on`,
      ),
    )
  }
  return problems
}

function diskProblems({ growth: { freeBytes }, home }: StatusFacts): Problem[] {
  if (freeBytes === null || freeBytes >= FREE_BYTES_MIN) return []
  return [
    {
      code: 'disk_low',
      subject: home ?? 'disk',
      problem: `${Math.round(freeBytes / 1024 ** 2)} MiB are free`,
      remedy: 'free space, or move BOURSE_HOME; docs/operating.md says what may be kept shorter',
    },
  ]
}
