import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeOperations } from '../../shared/rpc/describe.ts'
import { root } from './markdown.ts'

test('docs/rpc.md is the table of operations (npx bourse rpc schema --markdown > docs/rpc.md)', () => {
  expect(readFileSync(join(root, 'docs', 'rpc.md'), 'utf8')).toBe(describeOperations())
})
