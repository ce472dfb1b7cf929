import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { WORKFLOW_SOURCES } from '../../workers/workflow-sources.ts'

/** Bundles the workflows once for all workers of a stage and all their lives, and answers the file. */
export async function bundleWorkflows(home: string): Promise<string> {
  const { workflowsPath, interceptors, dataConverter } = WORKFLOW_SOURCES
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptors.workflowModules,
    payloadConverterPath: dataConverter.payloadConverterPath,
    logger: new DefaultLogger('WARN'),
  })
  const file = join(home, 'workflows.js')
  writeFileSync(file, code)
  return file
}
