import { type BudgetRow, type CallRow, type Check, resultOf } from '../evidence.ts'

/**
 * Every call has one row at most and an answered one has it, every reservation was resolved, and what leases were charged
 * is what their calls came to, and no more than they had.
 */
export const modelCallsOnce: Check = ({ operations, markets }) => {
  const counts = {
    made: 0,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    rows: 0,
    abandoned: 0,
    budgets: 0,
    wrong: 0,
  }
  const problems: string[] = []
  const rows = Map.groupBy(
    markets.flatMap(one => one.calls),
    ({ mark }) => mark,
  )
  const made = new Set<string>()
  for (const { kind, mark, outcome, answers } of operations) {
    if (kind !== 'model call') continue
    made.add(mark)
    counts.made += 1
    counts[outcome] += 1
    const found = rows.get(mark) ?? []
    if (found.length > 1) problems.push(`call ${mark} has ${found.length} rows`)
    if (outcome !== 'acknowledged') continue
    const row = found.find(({ callId }) => callId === answers[0])
    if (row === undefined) problems.push(`call ${mark} was answered as ${answers[0]}, which has no row`)
    // A proxy that answered and then lost its database, or died, leaves the call to its deadline.
    else if (row.outcome !== 'completed' && row.outcome !== 'abandoned')
      problems.push(`call ${mark} was answered, and its row says ${row.outcome}`)
  }
  for (const { market, calls, budgets } of markets) {
    counts.rows += calls.length
    counts.budgets += budgets.length
    for (const call of calls) {
      if (call.outcome === 'abandoned') counts.abandoned += 1
      const problem = made.has(call.mark) ? callProblem(call) : 'was made by nobody'
      if (problem !== null) problems.push(`market ${market}: call ${call.callId} ${problem}`)
    }
    for (const budget of budgets) {
      const problem = budgetProblem(budget)
      if (problem !== null) problems.push(`market ${market}: lease ${budget.leaseId} ${problem}`)
    }
  }
  counts.wrong = problems.length
  return resultOf('a call to a model is charged once, and no lease is overspent', counts, problems)
}

function callProblem({ outcome, reservedTokens, chargedTokens, usedTokens }: CallRow): string | null {
  if (outcome === null || chargedTokens === null || usedTokens === null) return 'was never resolved'
  if (chargedTokens > reservedTokens) return `took ${chargedTokens} tokens of ${reservedTokens} set aside`
  if (outcome === 'abandoned' && chargedTokens !== reservedTokens)
    return `was abandoned, and charged ${chargedTokens} tokens of ${reservedTokens} set aside`
  if (outcome === 'completed' && chargedTokens !== Math.min(usedTokens, reservedTokens))
    return `used ${usedTokens} tokens and was charged ${chargedTokens}`
  return null
}

function budgetProblem(budget: BudgetRow): string | null {
  const { grantedTokens, usedTokens, reservedTokens, openCalls, chargedTokens } = budget
  if (reservedTokens !== 0 || openCalls !== 0)
    return `has ${reservedTokens} tokens set aside for ${openCalls} calls still`
  if (usedTokens > grantedTokens) return `spent ${usedTokens} tokens of ${grantedTokens}`
  return usedTokens === chargedTokens
    ? null
    : `spent ${usedTokens} tokens, and its calls were charged ${chargedTokens}`
}
