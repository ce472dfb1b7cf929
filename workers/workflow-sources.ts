import { fileURLToPath } from 'node:url'

/**
 * Where a worker finds the workflows, how payloads are read in them and traces carried through them: the same for running
 * and for replaying, with tracing on and off.
 */
export const WORKFLOW_SOURCES = {
  workflowsPath: fileURLToPath(new URL('../workflows/all.ts', import.meta.url)),
  interceptors: {
    workflowModules: [fileURLToPath(new URL('../workflows/trace-interceptors.ts', import.meta.url))],
  },
  dataConverter: {
    payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.ts', import.meta.url)),
  },
}
