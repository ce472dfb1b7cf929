import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'

/** A worker for tests: fails at once, or says it is ready, starts a helper of its own and stays until told to end. */
if (process.env.FIXTURE_FAILS) {
  console.error('the fixture cannot find its thimble')
  process.exit(3)
}
const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
if (process.env.FIXTURE_NOTES) {
  appendFileSync(
    process.env.FIXTURE_NOTES,
    JSON.stringify({ helper: helper.pid, postgres: process.env.BOURSE_POSTGRES_URL }),
  )
}
process.send?.('ready')
