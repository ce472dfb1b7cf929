/** What may be over for good, so that a checkpoint tells only how many there were and their digest. */
export type FinishedKind = 'bid' | 'hold' | 'lease' | 'cycle' | 'price' | 'execution' | 'prompt'

/** Things that can never change again: how many, and the sum of their digests, which has no order. */
export interface Tally {
  count: number
  sum: bigint
}

export type Finished = Record<FinishedKind, Tally>

export function nothingFinished(): Finished {
  const tally = (): Tally => ({ count: 0, sum: 0n })
  return {
    bid: tally(),
    hold: tally(),
    lease: tally(),
    cycle: tally(),
    price: tally(),
    execution: tally(),
    prompt: tally(),
  }
}
