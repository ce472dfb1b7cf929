import { createMemoryUnderTest } from './memory-under-test.ts'
import { describePrices } from './price-contract.ts'

describePrices('the economy in memory', createMemoryUnderTest)
