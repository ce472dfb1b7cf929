import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readScenario } from '../../../shared/scenario/read-scenario.ts'
import type { Scenario } from '../../../shared/scenario/scenario.ts'

const FOLDER = join(import.meta.dirname, '../../../scenarios')

/** The text of each file of the catalogue, by the name of its scenario. */
export function catalogueTexts(): Map<string, string> {
  const files = readdirSync(FOLDER).filter(name => /^[a-z]{2}_\d{3}\.json$/.test(name))
  return new Map(files.map(name => [name.replace('.json', ''), readFileSync(join(FOLDER, name), 'utf8')]))
}

/** A scenario of the catalogue. */
export function standardScenario(id: string): Scenario {
  const read = readScenario(readFileSync(join(FOLDER, `${id}.json`), 'utf8'))
  if (!read.ok) throw new Error(`${id}: ${read.problem}`)
  return read.scenario
}
