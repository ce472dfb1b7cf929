import { describeAdmission } from './contract/admission.ts'
import { describeCancellingAndExpiry } from './contract/cancelling-and-expiry.ts'
import { describeCountedRefusals } from './contract/counted-refusals.ts'
import { describeLedger } from './contract/ledger.ts'
import { describeMarketsAndAgents } from './contract/markets-and-agents.ts'
import { describeOpeningCycles } from './contract/opening-cycles.ts'
import { describeRulesAndStatus } from './contract/rules-and-status.ts'
import { describeSettling } from './contract/settling.ts'
import { describeTakingTurns } from './contract/taking-turns.ts'
import type { EconomyUnderTest } from './economy-under-test.ts'

/** What every implementation of the economy must do; `make` gives one, for as many markets as the tests open. */
export function describeEconomy(name: string, make: () => EconomyUnderTest): void {
  describeMarketsAndAgents(name, make)
  describeAdmission(name, make)
  describeCancellingAndExpiry(name, make)
  describeOpeningCycles(name, make)
  describeSettling(name, make)
  describeRulesAndStatus(name, make)
  describeLedger(name, make)
  describeCountedRefusals(name, make)
  describeTakingTurns(name, make)
}
