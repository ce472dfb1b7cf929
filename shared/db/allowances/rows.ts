import type { Allowance } from '../../allowance/decisions.ts'

/** Columns of allowances `l`, with their agents `a`. */
export const ALLOWANCE_COLUMNS =
  'a.name as agent, l.owner, l.amount_micro, l.cap_micro, l.period_seconds, l.paid_period, l.unspent_micro'

export interface AllowanceRow {
  agent: string | null
  owner: string | null
  amount_micro: bigint
  cap_micro: bigint
  period_seconds: number
  paid_period: bigint
  unspent_micro: bigint
}

export function allowanceOf(row: AllowanceRow): Allowance {
  return {
    holder: row.agent === null ? { owner: row.owner! } : { agent: row.agent },
    amountMicro: row.amount_micro,
    capMicro: row.cap_micro,
    periodSeconds: row.period_seconds,
    paidPeriod: Number(row.paid_period),
    unspentMicro: row.unspent_micro,
  }
}
