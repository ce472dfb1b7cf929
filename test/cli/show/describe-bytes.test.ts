import { expect, test } from 'vitest'
import { describeBytes } from '../../../cli/show/describe-bytes.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_572_864, '1.5 MiB'],
  [123 * 1024 ** 3, '123 GiB'],
  [2 ** 60, '1048576 TiB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text)
})
