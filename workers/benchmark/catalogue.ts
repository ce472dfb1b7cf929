import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AgentUnderTest, readAgentUnderTest } from '../../shared/benchmark/agent-under-test.ts'
import { type Outcome, refuse } from '../../shared/economy/refusal.ts'
import { readProgramFolder } from '../../shared/program/read-program-folder.ts'
import { readScenarioFile } from '../../shared/scenario/read-scenario.ts'
import type { Scenario } from '../../shared/scenario/scenario.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
export const SCENARIO_FOLDER = join(CHECKOUT, 'scenarios')
const AGENT_FOLDER = join(CHECKOUT, 'agents')

/** Every scenario of a folder by its id. One that cannot be read is a refusal that says what is wrong where. */
export function readScenarioFolder(folder: string): Outcome<{ scenarios: ReadonlyMap<string, Scenario> }> {
  const scenarios = new Map<string, Scenario>()
  for (const name of readdirSync(folder)
    .filter(file => file.endsWith('.json'))
    .toSorted()) {
    const read = readScenarioFile(readFileSync(join(folder, name)))
    if (!read.ok) return refuse('invalid_scenario', `${name}: ${read.problem}`, 'scenarios')
    scenarios.set(read.scenario.id, read.scenario)
  }
  return { ok: true, scenarios }
}

/** An agent under test of the checkout by its name, or of any file by its path. */
export function readAgentFile(nameOrPath: string): Outcome<{ agent: AgentUnderTest }> {
  const isName = /^[a-z0-9][a-z0-9-]{0,62}$/.test(nameOrPath)
  const path = isName ? join(AGENT_FOLDER, `${nameOrPath}.json`) : resolve(nameOrPath)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const known = readdirSync(AGENT_FOLDER).filter(file => file.endsWith('.json'))
    const names = known.map(file => file.replace(/\.json$/, '')).join(', ')
    const problem =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : (error as Error).message
    return refuse('unknown_agent', `${path} ${problem}; agents/ has ${names}`, 'agent')
  }
  const read = readAgentUnderTest(content)
  if (!read.ok || read.agent.kind !== 'sandbox' || read.agent.folder === undefined) return read
  const { folder, ...agent } = read.agent
  const program = readProgramFolder(resolve(dirname(path), folder))
  if (!program.ok) return program
  const files = [...program.program.files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('utf8')])
  return { ok: true, agent: { ...agent, files: Object.fromEntries(files) } }
}
