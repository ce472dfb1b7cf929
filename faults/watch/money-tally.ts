/** A market's sums at one moment, in millionths of a credit. */
export interface MoneyRead {
  market: string
  atMs: number
  /** What agents have, available and held. */
  agentsMicro: bigint
  heldMicro: bigint
  /** The least that any agent has available, or held. */
  lowestMicro: bigint
  openBidsMicro: bigint
  openHoldsMicro: bigint
  mintedMicro: bigint
  burnedMicro: bigint
  escrowMicro: bigint
}

/** Reads looked at one by one; none is kept. */
export interface MoneyTally {
  reads: number
  /** Reads that Postgres, being under fire, did not answer. */
  unanswered: number
  wrong: number
  /** The first reads that were wrong. */
  problems: string[]
}

const PROBLEMS_KEPT_MAX = 10

export function newMoneyTally(): MoneyTally {
  return { reads: 0, unanswered: 0, wrong: 0, problems: [] }
}

/** Counts a read in, and keeps what is wrong with it. */
export function countRead(tally: MoneyTally, read: MoneyRead): void {
  tally.reads += 1
  const problem = problemOf(read)
  if (problem === null) return
  tally.wrong += 1
  if (tally.problems.length < PROBLEMS_KEPT_MAX)
    tally.problems.push(`${new Date(read.atMs).toISOString()}, market ${read.market}: ${problem}`)
}

function problemOf(read: MoneyRead): string | null {
  const { agentsMicro, escrowMicro, mintedMicro, burnedMicro, heldMicro, openBidsMicro, openHoldsMicro } =
    read
  if (agentsMicro + escrowMicro !== mintedMicro - burnedMicro)
    return `agents have ${agentsMicro} and escrow ${escrowMicro}, but ${mintedMicro} were minted and ${burnedMicro} burned`
  if (read.lowestMicro < 0n) return `an agent has ${read.lowestMicro}`
  if (heldMicro !== openBidsMicro + openHoldsMicro)
    return `${heldMicro} are held, but open bids are ${openBidsMicro} and open holds ${openHoldsMicro}`
  return null
}
