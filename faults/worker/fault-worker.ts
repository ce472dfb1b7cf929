import { loadEnvironment } from '../../shared/config/environment.ts'
import { runMarketWorker } from '../../workers/run-market-worker.ts'
import { defectsAround } from '../defects/defects-around.ts'
import { noteEffect } from '../defects/effects.ts'
import { composed } from './composed.ts'
import type { ArmedPoint } from './point-names.ts'
import { pointsAround } from './points.ts'
import { noteReached } from './reached-points.ts'

/**
 * A market worker that ends or freezes itself at a named point when it is told to, and, to try the checks, has a
 * defect in the markets that its environment names. What it runs is what every market worker runs.
 */
const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

const environment = loadEnvironment(process.env)
const { FAULTS_FOLDER = '.', FAULTS_PART = 'worker', FAULTS_DEFECTS = '{}', FAULTS_WORKFLOWS } = process.env
const points = pointsAround((id, point) => noteReached(FAULTS_FOLDER, FAULTS_PART, id, point))
const defects = defectsAround(environment.postgresUrl, JSON.parse(FAULTS_DEFECTS), market =>
  noteEffect(FAULTS_FOLDER, market),
)

process.on('message', (message: { arm?: ArmedPoint | null }) => {
  if (message.arm !== undefined) points.arm(message.arm)
})

await runMarketWorker(environment, {
  signal: stopped.signal,
  onReady: () => process.send?.('ready'),
  ...(FAULTS_WORKFLOWS === undefined ? {} : { workflowBundle: FAULTS_WORKFLOWS }),
  around: composed(points.around, defects.around),
})
await defects.close()
if (process.connected) process.disconnect()
