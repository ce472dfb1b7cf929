import { loadEnvironment } from '../../shared/config/environment.ts'
import { runMarketWorker } from '../../workers/run-market-worker.ts'
import type { DefectName } from '../defects/defect-names.ts'
import { defectsAround } from '../defects/defects-around.ts'
import { composed } from './composed.ts'
import type { ArmedPoint } from './point-names.ts'
import { pointsAround } from './points.ts'
import { noteReached } from './reached-points.ts'

/**
 * A market worker that ends or freezes itself at a named point when it is told to, and, to try the checks, has a
 * defect in a market when it is told to. What it runs is what every market worker runs.
 */
const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

const environment = loadEnvironment(process.env)
const { FAULTS_FOLDER = '.', FAULTS_PART = 'worker' } = process.env
const points = pointsAround((id, point) => noteReached(FAULTS_FOLDER, FAULTS_PART, id, point))
const defects = defectsAround(environment.postgresUrl)

process.on('message', (message: { arm?: ArmedPoint | null; defects?: Record<string, DefectName> }) => {
  if (message.arm !== undefined) points.arm(message.arm)
  if (message.defects !== undefined) defects.choose(message.defects)
})

await runMarketWorker(environment, {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
  around: composed(points.around, defects.around),
})
await defects.close()
if (process.connected) process.disconnect()
