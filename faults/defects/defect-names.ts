/** Deliberate defects of a worker, each of which a check must see. */
export const DEFECTS = {
  'lost-publish': 'an event of the outbox is never sent',
  'double-settlement': 'a winner is charged once more',
  'skipped-hold': 'a bid is admitted without setting its credits aside',
} as const

export type DefectName = keyof typeof DEFECTS
