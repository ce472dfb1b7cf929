// What the worker's bundle holds: one name per workflow type.
export { agent } from './agent.ts'
export { allocationCycle } from './allocation-cycle.ts'
export { attentionPrompt } from './attention-prompt.ts'
export { benchmarkScenario } from './benchmark-scenario.ts'
export { benchmarkSuite } from './benchmark-suite.ts'
export { execution } from './execution.ts'
export { market } from './market.ts'
export { priceUpdate } from './price-update.ts'
