import { join } from 'node:path'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { runMarketWorker } from '../../workers/run-market-worker.ts'
import type { DefectName } from '../defects/defect-names.ts'
import { defectsAround } from '../defects/defects-around.ts'
import { composed } from './composed.ts'
import type { ArmedPoint } from './point-names.ts'
import { pointsAround } from './points.ts'

/**
 * A market worker that ends or freezes itself at a named point when it is told to, and, to try the checks, has a
 * defect when it is told to. What it runs is what every market worker runs.
 */
const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

const environment = loadEnvironment(process.env)
const { FAULTS_FOLDER = '.', FAULTS_PART = 'worker' } = process.env
const points = pointsAround(join(FAULTS_FOLDER, `${FAULTS_PART}.points`))
const defects = defectsAround(environment.postgresUrl)

process.on('message', (message: { arm?: ArmedPoint | null; defect?: DefectName | null }) => {
  if (message.arm !== undefined) points.arm(message.arm)
  if (message.defect !== undefined) defects.choose(message.defect)
})

await runMarketWorker(environment, {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
  around: composed(points.around, defects.around),
})
await defects.close()
if (process.connected) process.disconnect()
