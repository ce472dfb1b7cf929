import type { Client } from '@temporalio/client'
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js'
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts'
import { withDeadline } from './connect.ts'

const NOT_OFFERED = [7, 12]

/**
 * Registers what Bourse's workflows are found by in the client's namespace, where it is not registered yet. Throws
 * when an attribute is there with another type, or when this Temporal (Temporal Cloud) lets nobody but its own tools
 * register one; the message says what to do. Asked again, it changes nothing.
 */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection
  const { namespace } = client.options
  const known = await withDeadline(client, () => operatorService.listSearchAttributes({ namespace }))
  const wanted = Object.values(SEARCH_ATTRIBUTES)
  for (const { name, type } of wanted) {
    const found = known.customAttributes?.[name]
    if (found !== undefined && found !== null && found !== encodeSearchAttributeIndexedValueType(type)) {
      throw new Error(`Temporal's search attribute ${name} is not of type ${type}: remove or rename it first`)
    }
  }
  const missing = wanted.filter(({ name }) => known.customAttributes?.[name] === undefined)
  if (missing.length === 0) return
  try {
    const searchAttributes = Object.fromEntries(
      missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type)!]),
    )
    await withDeadline(client, () => operatorService.addSearchAttributes({ namespace, searchAttributes }))
  } catch (error) {
    if (!NOT_OFFERED.includes((error as { code?: number }).code ?? -1)) throw error
    const commands = missing.map(
      ({ name, type }) =>
        `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type === 'INT' ? 'Int' : 'Keyword'}`,
    )
    throw new Error(
      `Temporal does not let this process register search attributes (${(error as Error).message}). Register them, ` +
        `in Temporal Cloud on the namespace's page or with tcld:\n${commands.join('\n')}`,
      { cause: error },
    )
  }
}
