import { startStack } from '../../../workers/stack/start-stack.ts'

/** A supervisor that a test can kill: starts a stack without workers in the home it is given, and stays. */
const [home = ''] = process.argv.slice(2)
await startStack({ home, migrate: async () => {} })
process.send?.('ready')
