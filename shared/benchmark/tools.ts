import { schemaOf } from '../rpc/json-schema.ts'
import { type OperationName, operations } from '../rpc/operations.ts'

/** A tool as OpenAI-compatible models take it. */
export interface ModelTool {
  type: 'function'
  function: { name: string; description: string; parameters: object }
}

/** Every operation of the gateway as a tool, from the same table. Models allow no points in names: hyphens stand for them. */
export function modelTools(): ModelTool[] {
  return (Object.keys(operations) as OperationName[]).map(operation => {
    const { description, request } = schemaOf(operation)
    const { $schema: _, ...parameters } = request as Record<string, unknown>
    return { type: 'function', function: { name: toolName(operation), description, parameters } }
  })
}

/** The name of an operation as a tool. */
export function toolName(operation: OperationName): string {
  return operation.replace('.', '-')
}

/** The operation that a tool's name stands for; null: none. */
export function operationOf(tool: string): OperationName | null {
  const name = tool.replace('-', '.')
  return Object.hasOwn(operations, name) ? (name as OperationName) : null
}
