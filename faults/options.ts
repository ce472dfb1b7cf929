import { parseArgs } from 'node:util'

/** What `npm run faults` was asked for. */
export interface FaultOptions {
  seed: string
  minutes: number
  faults: number
  workers: number
  markets: number
  duplicateWindowMs: number
  /** Only prints the schedule. */
  scheduleOnly: boolean
  /** Kinds of faults to keep to; absent: all. */
  only: string[] | null
  out: string | null
  keep: boolean
}

export const USAGE = `usage: npm run faults -- [options]
  --seed S                  the schedule's seed; a new one each time when absent
  --minutes M               goes on for at least so many minutes (default 5)
  --faults N                ... and until so many faults were injected (default 0)
  --workers N               market workers (default 3)
  --markets N               markets (default 2)
  --duplicate-window-ms N   NATS's duplicate window, which a frozen publisher is kept longer than (default 120000)
  --only KIND,KIND          these kinds of faults only
  --schedule                prints the schedule of the seed and ends
  --out FILE                writes the report as JSON (default faults.json in the home)
  --keep                    keeps the run's data and logs when everything held too`

/** The command line was not as it can be. */
export class WrongUsage extends Error {}

/** Reads the command line; throws WrongUsage that names the option. */
export function readOptions(args: readonly string[], freshSeed: () => string): FaultOptions {
  const values = parse(args)
  const number = (name: string, text: string | undefined, low: number, high: number, otherwise: number) => {
    if (text === undefined) return otherwise
    const value = Number(text)
    if (text.trim() !== '' && value >= low && value <= high) return value
    throw new WrongUsage(`--${name} is "${text}"; it must be a number from ${low} to ${high}`)
  }
  const whole = (name: string, ...rest: [string | undefined, number, number, number]) => {
    const value = number(name, ...rest)
    if (Number.isInteger(value)) return value
    throw new WrongUsage(`--${name} must be a whole number`)
  }
  return {
    seed: values.seed ?? freshSeed(),
    minutes: number('minutes', values.minutes, 0, 10_000, 5),
    faults: whole('faults', values.faults, 0, 100_000, 0),
    workers: whole('workers', values.workers, 1, 16, 3),
    markets: whole('markets', values.markets, 1, 16, 2),
    duplicateWindowMs: whole('duplicate-window-ms', values['duplicate-window-ms'], 100, 3_600_000, 120_000),
    scheduleOnly: values.schedule ?? false,
    only: values.only?.split(',').map(kind => kind.trim()) ?? null,
    out: values.out ?? null,
    keep: values.keep ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        minutes: { type: 'string' },
        faults: { type: 'string' },
        workers: { type: 'string' },
        markets: { type: 'string' },
        'duplicate-window-ms': { type: 'string' },
        only: { type: 'string' },
        schedule: { type: 'boolean' },
        out: { type: 'string' },
        keep: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new WrongUsage((error as Error).message)
  }
}
