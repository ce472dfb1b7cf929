/** The places in a worker's work at which it can be made to end or freeze, and what has happened there. */
export const POINTS = {
  'before-hint': 'after the commit that woke a market, before its hint',
  'before-publish': 'after the commit of events, before they are published',
  'amid-publishing': 'with events on their way to the stream that are not acknowledged',
  'before-watermark': 'after the stream acknowledged events, before that is recorded',
  'amid-admission': "between two statements of an admission's transaction",
  'amid-settlement': "between two statements of a settlement's transaction",
  'before-opening-report': 'after a cycle was opened, before Temporal hears of it',
  'before-admission-report': 'after bids were admitted, before Temporal hears of it',
  'before-settlement-report': 'after a cycle was settled, before Temporal hears of it',
} as const

export type PointName = keyof typeof POINTS
export const POINT_NAMES = Object.keys(POINTS) as PointName[]

/** What a worker is told: at which point, after how many passes of it, it sends itself which signal. */
export interface ArmedPoint {
  id: string
  point: PointName
  passes: number
  signal: 'SIGKILL' | 'SIGSTOP'
  /** Only at work for this market; absent: for any. */
  market?: string
}
