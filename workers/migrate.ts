import { migrate } from '../shared/db/migrate.ts'
import { createLog } from '../shared/telemetry/log.ts'

/** Brings the database at BOURSE_POSTGRES_URL to the newest schema and ends: 0 when it is, 1 when it cannot. */
const log = createLog('migrate', { level: 'info' })
const url = process.env.BOURSE_POSTGRES_URL

if (!url) {
  log.fatal('BOURSE_POSTGRES_URL is not set')
  process.exitCode = 1
} else {
  try {
    await migrate(url)
    log.info('the database schema is up to date')
  } catch (error) {
    log.fatal({ err: error }, 'the database could not be migrated')
    process.exitCode = 1
  }
}
