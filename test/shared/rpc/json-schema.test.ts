import { expect, test } from 'vitest'
import { ERROR_CODES } from '../../../shared/rpc/error-codes.ts'
import { allSchemas, schemaOf } from '../../../shared/rpc/json-schema.ts'
import { operations } from '../../../shared/rpc/operations.ts'

test('every operation is exported with both schemas, a description and the meaning of each code', () => {
  const schemas = allSchemas()
  expect(schemas.map(schema => schema.operation)).toEqual(Object.keys(operations))
  for (const { request, reply, description, errors } of schemas) {
    expect(request).toMatchObject({ type: 'object', additionalProperties: false })
    expect(reply).toMatchObject({
      anyOf: [{ properties: { ok: { const: true } } }, { required: ['ok', 'error'] }],
    })
    expect(description).not.toBe('')
    expect(Object.values(errors).every(meaning => meaning.length > 0)).toBe(true)
  }
})

test('a request may leave out what has a default, a reply always has it', () => {
  const { request } = schemaOf('economic.history')
  expect(request).not.toHaveProperty('required')
  expect(request).toHaveProperty('properties.limit.default', 20)
})

test('every code that an operation names has a meaning', () => {
  for (const { errors } of Object.values(operations)) {
    for (const code of errors) expect(ERROR_CODES).toHaveProperty(code)
  }
})

test('its patterns can be read in other languages', () => {
  expect(JSON.stringify(allSchemas())).not.toContain('\\p{')
})
