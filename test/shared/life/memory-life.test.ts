import { createMemoryUnderTest } from '../economy/memory-under-test.ts'
import { describeLife } from './life-contract.ts'

describeLife('the economy in memory', createMemoryUnderTest)
