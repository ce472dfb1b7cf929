/** One thing that must be true of a market. */
export interface AuditCheck {
  name: string
  /**
   * SQL over the markets in $1 that gives a row (market_id, problem) for each thing looked at; `problem` says what
   * is wrong with it, and is null when nothing is.
   */
  rows: string
}
