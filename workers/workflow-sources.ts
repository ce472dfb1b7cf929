import { fileURLToPath } from 'node:url'

/** Where a worker finds the workflows, and how payloads are read in them: the same for running and for replaying. */
export const WORKFLOW_SOURCES = {
  workflowsPath: fileURLToPath(new URL('../workflows/all.ts', import.meta.url)),
  dataConverter: {
    payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.ts', import.meta.url)),
  },
}
