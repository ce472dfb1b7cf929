import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import { searchAttributesOf, type WorkflowSubject } from '../shared/contracts/search-attributes.ts'

/**
 * Makes this run findable by what it is about. Whoever starts a workflow by the command line or from another one has
 * said so already; one started by hand says it itself. `patch` names the place, which runs recorded before it do not have.
 */
export function setSearchAttributes(subject: WorkflowSubject, patch: string): void {
  const { typedSearchAttributes } = workflowInfo()
  const missing = searchAttributesOf(subject).filter(
    ({ key, value }) => typedSearchAttributes.get(key) !== value,
  )
  if (missing.length > 0 && patched(patch)) upsertSearchAttributes(missing)
}
