/** A cycle that was never opened is to be settled; so after its database was restored from an older backup. */
export class UnknownCycle extends Error {
  constructor(marketId: string, cycle: number) {
    super(`market ${marketId} has no cycle ${cycle}: \`bourse market step ${marketId}\` runs the next one`)
    this.name = 'UnknownCycle'
  }
}
