import { describeEconomy } from './economy-contract.ts'
import { createMemoryUnderTest } from './memory-under-test.ts'

describeEconomy('the economy in memory', createMemoryUnderTest)
