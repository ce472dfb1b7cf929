import { createMemoryUnderTest } from '../economy/memory-under-test.ts'
import { describeAllowances } from './allowance-contract.ts'

describeAllowances('allowances in memory', createMemoryUnderTest, 200)
