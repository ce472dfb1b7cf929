import type { MarketStatus, OpenedCycle } from '../economy/economy.ts'
import { type Refusal, refuse } from '../economy/refusal.ts'

/** A market's newest cycle. */
export interface LastCycle {
  number: number
  settled: boolean
  /** The run that opened it. */
  run: string
}

export type CycleChoice =
  | { choice: 'found'; cycle: OpenedCycle }
  | { choice: 'open'; number: number }
  | Refusal

/**
 * Which cycle is meant by `number` (null: the open one, else the next), asked by `run`. A settled number is found
 * settled; the market's one open cycle is found when it matches or no number is given; a run that asks again without
 * a number finds the cycle it opened. Any other number is out of order: no cycle is skipped.
 */
export function chooseCycle(
  market: { marketId: string; status: MarketStatus },
  last: LastCycle | null,
  number: number | null,
  run: string,
): CycleChoice {
  const nextNumber = (last?.number ?? 0) + 1
  if (last !== null) {
    const isWanted = number === null ? !last.settled || last.run === run : last.number === number
    if (isWanted) return found(last.number, last.settled)
    if (number !== null && number >= 1 && number < last.number) return found(number, true)
    if (!last.settled) return outOfOrder(number, `cycle ${last.number} is open and comes first`)
  }
  if (number !== null && number !== nextNumber) return outOfOrder(number, `the next cycle is ${nextNumber}`)
  const { marketId, status } = market
  if (status === 'closing' || status === 'closed') {
    return refuse('market_closed', `market ${marketId} is ${status} and opens no cycle`, 'marketId')
  }
  return { choice: 'open', number: nextNumber }
}

function found(cycle: number, settled: boolean): CycleChoice {
  return { choice: 'found', cycle: { cycle, settled } }
}

function outOfOrder(number: number | null, message: string): Refusal {
  return refuse('cycle_out_of_order', `cycle ${number} cannot be opened: ${message}`, 'cycle')
}
