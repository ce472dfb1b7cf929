import type { Database } from '../shared/db/pool.ts'
import type { Economy } from '../shared/economy/economy.ts'

/** What the rows run on: a stack of its own, and nothing else using it. */
export interface Bench {
  db: Database
  economy: Economy
  postgresUrl: string
  natsUrl: string
  /** What tells a process of Bourse where the stack's servers are. */
  environment: Record<string, string>
  /** Told to people while a row runs. */
  progress: (text: string) => void
}

/** One line of the table: something of Bourse measured beside its baseline, in one run. */
export interface Row {
  name: string
  baseline: string
  /** What measured / baseline must be. */
  target: { atMost: number } | { atLeast: number }
  unit: string
  measure: (bench: Bench) => Promise<Measurement>
}

export interface Measurement {
  baseline: number
  measured: number
  detail?: string
}

export interface RowResult extends Measurement {
  name: string
  baselineName: string
  unit: string
  ratio: number
  target: Row['target']
  reached: boolean
}

/** Runs a row and compares its ratio with its target. */
export async function runRow(row: Row, bench: Bench): Promise<RowResult> {
  const measurement = await row.measure(bench)
  const ratio = measurement.measured / measurement.baseline
  const reached = 'atMost' in row.target ? ratio <= row.target.atMost : ratio >= row.target.atLeast
  return {
    ...measurement,
    name: row.name,
    baselineName: row.baseline,
    unit: row.unit,
    ratio,
    target: row.target,
    reached,
  }
}
