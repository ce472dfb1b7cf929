import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { doubts, type Inconsistency } from '../../shared/scenario/check-scenario.ts'
import { criteriaOf } from '../../shared/scenario/checks/judge-checks.ts'
import { scenarioJsonSchema } from '../../shared/scenario/json-schema.ts'
import { readScenarioFile, type ScenarioReading } from '../../shared/scenario/read-scenario.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'
import { varyScenario } from '../../shared/scenario/vary-scenario.ts'
import { CommandFailure, refused, wrongUsage } from '../command-failure.ts'
import { EXIT_REFUSED } from '../exit-codes.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { colours } from '../show/colours.ts'
import { safeText } from '../show/safe-text.ts'
import { renderFacts, renderTable } from '../show/table.ts'

const CATALOGUE = fileURLToPath(new URL('../../scenarios/', import.meta.url))

/** `bourse scenario list | show | validate | schema`: what can be said of scenarios without running one. */
export function addFileCommands(scenario: Command): void {
  scenario
    .command('list')
    .description('the scenarios of the catalogue')
    .option('--domain <domain>', 'only those of this domain')
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions & { domain?: string }) =>
      runCommand(options, async () => {
        const items = catalogue()
          .filter(one => options.domain === undefined || one.domain === options.domain)
          .map(({ id, domain, name, description }) => ({ id, domain, name, description }))
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            ['id', 'domain', 'name'],
            items.map(({ id, domain, name }) => [id, domain, name]),
          ),
        )
        return undefined
      }),
    )

  scenario
    .command('show <id>')
    .description('a scenario of the catalogue: what is asked of the agent, and how it is judged')
    .option('--variant <seed>', 'as its variant of this seed')
    .option('--json', 'print one JSON document')
    .action((id: string, options: OutputOptions & { variant?: string }) =>
      runCommand(options, async () => {
        const known = catalogue()
        const found = known.find(one => one.id === id)
        if (found === undefined) {
          const ids = known.map(one => one.id).join(', ')
          throw wrongUsage(`id: there is no scenario ${JSON.stringify(id)}; there are ${ids}`, 'id')
        }
        const shown = options.variant === undefined ? found : varyScenario(found, options.variant)
        await printAnswer(options, { ok: true, scenario: shown }, () => describe(shown))
        return undefined
      }),
    )

  scenario
    .command('validate <file>')
    .description('says of a file whether it is a scenario, and of everything wrong with it where it stands')
    .option('--json', 'print one JSON document')
    .action((file: string, options: OutputOptions) =>
      runCommand(options, async () => {
        const read = readScenarioFile(await readBytes(file))
        if (!read.ok) throw new CommandFailure(describeProblems(file, read), EXIT_REFUSED)
        const warnings = doubts(read.scenario).map(inWords)
        await printAnswer(options, { ok: true, id: read.scenario.id, warnings }, () =>
          [
            `${file}: scenario ${read.scenario.id} is valid`,
            ...warnings.map(warning => `warning: ${warning}`),
            '',
          ]
            .map(safeText)
            .join('\n'),
        )
        return undefined
      }),
    )

  scenario
    .command('schema')
    .description('the JSON Schema of a scenario’s file, for editors and programs')
    .option('--json', 'print it on one line')
    .action((options: OutputOptions) =>
      runCommand(options, async () => {
        const schema = scenarioJsonSchema()
        await printAnswer(options, schema, () => `${JSON.stringify(schema, null, 2)}\n`)
        return undefined
      }),
    )
}

function catalogue(): Scenario[] {
  const files = readdirSync(CATALOGUE).filter(name => name.endsWith('.json'))
  return files.toSorted().map(name => {
    const read = readScenarioFile(readFileSync(join(CATALOGUE, name)))
    if (!read.ok) throw refused(describeProblems(name, read))
    return read.scenario
  })
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw wrongUsage(`${file} cannot be read: ${(error as Error).message}`, 'file')
  }
}

function describeProblems(file: string, { problems }: Extract<ScenarioReading, { ok: false }>) {
  const lines = problems.map(
    ({ path, line, column, message }) => `${file}:${line}:${column}${path && ` ${path}`}: ${message}`,
  )
  return { code: 'invalid_scenario', message: lines.join('\n'), problems }
}

function inWords({ path, message }: Inconsistency): string {
  return `${path.join('.')}: ${message}`
}

function describe(scenario: Scenario): string {
  const { id, domain, name, task, validation, notes } = scenario
  const criteria = Object.entries(criteriaOf(scenario))
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0
      ? ''
      : `\n${colours.bold(title)}\n${lines.map(line => `  ${safeText(line)}\n`).join('')}`
  return [
    renderFacts([
      ['scenario', id],
      ['domain', domain],
      ['name', name],
      ['deadline', `${task.deadline_seconds} s`],
      ['follows', scenario.follows?.scenario],
    ]),
    section('what it shows', [scenario.description]),
    section('what the agent is told', [task.text]),
    section('what a good agent does', [scenario.expected_behavior]),
    section('passes when every check holds, and', [validation.success_condition]),
    section(
      'judged by',
      criteria.map(([criterion, meaning]) => `${criterion}: ${meaning}`),
    ),
    section('notes', notes),
  ].join('')
}
