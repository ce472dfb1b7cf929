import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { eventSchema, eventSchemas } from '../../../shared/events/json-schema.ts'
import type { EventName } from '../../../shared/events/registry.ts'

const ajv = new Ajv2020({ allErrors: true })
addFormats.default(ajv)
const isEvent = ajv.compile(eventSchemas())

const saved = readFileSync(join(import.meta.dirname, 'saved', '0.1.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => JSON.parse(line))

test('takes every event, whatever its type', () => {
  expect(saved.filter(event => !isEvent(event))).toEqual([])
})

test('takes each under its own type, and nothing with a field more, less or of another kind', () => {
  for (const event of saved) {
    const isOfType = ajv.compile(eventSchema(event.type as EventName))
    const verdicts = [
      event,
      { ...event, data: { ...event.data, more: 1 } },
      { ...event, data: {} },
      { ...event, seq: '1' },
      { ...event, type: 'gossip' },
    ].map(one => isOfType(one))
    expect({ type: event.type, verdicts }).toEqual({
      type: event.type,
      verdicts: [true, false, false, false, false],
    })
  }
})
