import { type Check, type ExecutionRow, resultOf } from '../evidence.ts'

/** Each won lease of an agent with a program is run once or never; what never ran is paid back, once, unless an operator ended it. */
export const executionsOnce: Check = ({ markets }) => {
  const counts = { executions: 0, terminated: 0, missed: 0, refunded: 0, wrong: 0 }
  const problems: string[] = []
  for (const { market, executions } of markets) {
    for (const execution of executions) {
      counts.executions += 1
      if (execution.status === 'terminated' || execution.status === 'missed') counts[execution.status] += 1
      counts.refunded += execution.refunds
      const problem = problemOf(execution)
      if (problem !== null) problems.push(`market ${market}: execution ${execution.leaseId} ${problem}`)
    }
  }
  counts.wrong = problems.length
  return resultOf('an execution begins once and ends once, or is paid back', counts, problems)
}

function problemOf({ status, isRefunded, isRevoked, refunds, begins, ends }: ExecutionRow): string | null {
  if (status !== 'terminated' && status !== 'missed') return `is still ${status}`
  if (refunds !== (isRefunded ? 1 : 0))
    return `is${isRefunded ? '' : ' not'} refunded, and was ${refunds} times`
  const times = status === 'terminated' ? 1 : 0
  if (begins !== times || ends !== times)
    return `is ${status}, and began ${begins} times and ended ${ends} times`
  return status === 'missed' && !isRefunded && !isRevoked ? 'never began and was not paid back' : null
}
