import { collect } from '../../../shared/bus/collect.ts'
import { connectBus } from '../../../shared/bus/connect.ts'

/** Collects the market named as its argument from the first event to the last, keeps none, and prints how many they were. */
const bus = await connectBus({ servers: [process.env.BOURSE_NATS_URL!] }, 'collecting process')
let events = 0
const { signal } = new AbortController()
for await (const _ of collect({ bus, marketId: process.argv[2]!, signal, follow: false })) events += 1
process.stdout.write(`${events}\n`)
await bus.close()
