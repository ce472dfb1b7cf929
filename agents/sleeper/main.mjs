// Does little and bids for nothing: it falls dormant between leases that others win for it, and counts how often it was woken.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const { BOURSE_AGENT, BOURSE_WORKSPACE } = process.env
const file = `${BOURSE_WORKSPACE}/woken`
const times = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1
writeFileSync(file, String(times))
console.log(`${BOURSE_AGENT} was woken ${times} times, and goes back to sleep`)
