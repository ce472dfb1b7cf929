import { type Outcome, refuse } from '../economy/refusal.ts'

/** Says of a run that what happened in it is not kept any more. */
export function refusePruned(runId: string, prunedAt: string): Outcome<never> {
  const message =
    `the markets of run ${runId} were removed at ${prunedAt}: its verdicts are kept (\`bourse scenario report ${runId}\`), ` +
    `and it is decided again from an export alone (\`bourse scenario replay ${runId} --from FILE\`)`
  return refuse('run_pruned', message, 'run')
}
