import { loadPostgresUrl } from '../shared/config/environment.ts'
import { migrate } from '../shared/db/migrate.ts'
import { createLog } from '../shared/telemetry/log.ts'
import { environmentOrExit } from './environment-or-exit.ts'

/** Brings the database at BOURSE_POSTGRES_URL to the newest schema and ends: 0 when it is, 1 when it cannot. */
const log = createLog('migrate', { level: 'info' })
const url = environmentOrExit(loadPostgresUrl)
try {
  await migrate(url)
  log.info('the database schema is up to date')
} catch (error) {
  log.fatal({ err: error }, 'the database could not be migrated')
  process.exitCode = 1
}
