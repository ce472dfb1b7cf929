import { refuse } from '../../shared/economy/refusal.ts'
import { readAmount } from '../../shared/money/credits.ts'
import { refused } from '../command-failure.ts'

/** An amount of credits from the command line, in micro-credits. */
export function readAmountArgument(text: string): bigint {
  const amount = readAmount(text)
  if (!amount.ok) throw refused(refuse('invalid_amount', `amount: ${amount.problem}`, 'amount').error)
  return amount.micro
}
