import { createMemoryUnderTest } from '../economy/memory-under-test.ts'
import { describeAttention } from './attention-contract.ts'

describeAttention('attention in memory', createMemoryUnderTest)
