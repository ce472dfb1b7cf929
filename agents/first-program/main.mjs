// Counts the leases it has run on: what is kept in the workspace is there the next time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const { BOURSE_AGENT, BOURSE_MARKET, BOURSE_LEASE_ENDS_AT, BOURSE_WORKSPACE } = process.env
const file = `${BOURSE_WORKSPACE}/runs`
const runs = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1
writeFileSync(file, String(runs))
console.log(`run ${runs} of ${BOURSE_AGENT} in ${BOURSE_MARKET}, until ${BOURSE_LEASE_ENDS_AT}`)
