import { blockingChecks, checkMachine } from './doctor.mjs'

/** The doctor's answer for programs: ok when nothing that Bourse needs is missing. */
export function doctorJson(checks) {
  return { ok: blockingChecks(checks).length === 0, checks }
}

/** The doctor's answer for people, one line a check and one below it for what to do. */
export function doctorText(checks) {
  const width = Math.max(...checks.map(check => check.name.length))
  const lines = checks.flatMap(check => {
    const line = `${mark(check)} ${check.name.padEnd(width)}  ${check.detail}`
    return check.remedy ? [line, `  ${' '.repeat(width)}  ${check.remedy}`] : [line]
  })
  const seconds = checks.reduce((sum, check) => sum + check.seconds, 0)
  const closing = blockingChecks(checks).length > 0 ? 'Something is missing.' : 'Bourse can run here.'
  const wait = seconds > 0 ? ` The first start may take ${seconds} s more than later ones.` : ''
  return [...lines, '', `${closing}${wait}`, ''].join('\n')
}

/** Prints the doctor's answer on stdout. Returns the exit code: 0, or 1 when something needed is missing. */
export async function runDoctor(checkout, { json }) {
  const checks = await checkMachine(checkout)
  process.stdout.write(json ? `${JSON.stringify(doctorJson(checks))}\n` : doctorText(checks))
  return doctorJson(checks).ok ? 0 : 1
}

function mark({ ok, required, seconds }) {
  if (ok) return seconds > 0 ? '…' : '✓'
  return required ? '✗' : '-'
}
