import type { BourseEvent } from '../events/envelope.ts'
import { escapeXml } from './junit-report.ts'
import { linePlot, type PlotLine } from './line-plot.ts'
import type { RunReport, ScenarioReport, TrialReport } from './run-report.ts'
import { transcriptOf } from './transcript.ts'
import { AGENT } from './trial.ts'

/** The events of a trial by its market, as far as they are at hand. */
export type EventsByMarket = ReadonlyMap<string, readonly BourseEvent[]>

const DATA_CHARACTERS_MAX = 2_000
const STYLE = `
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.passed { color: #17803d } .failed { color: #c0262d } .infrastructure, .cancelled, .not_run { color: #a16207 }
.unofficial { border: 2px solid #a16207; padding: .5rem 1rem }
details { margin: .5rem 0 } summary { cursor: pointer } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font-size: 13px }
figure { display: inline-block; margin: .5rem 1rem .5rem 0 } figcaption { font-size: 13px } svg { background: #8881 }
`

/** A report as one page that needs nothing else: figures, reasons, transcripts, and the market's prices and balance as plots. */
export function htmlReport(report: RunReport, events: EventsByMarket): string {
  const { manifest, totals, bar } = report
  const unofficial = report.official
    ? ''
    : '<p class="unofficial"><strong>Unofficial.</strong> A judge of fixed rules scored, not a model: nothing here is a claim about the agent.</p>'
  const told = Object.entries(totals)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `<span class="${outcome}">${count} ${outcome.replace('_', ' ')}</span>`)
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<title>Bourse run ${escapeXml(report.runId)}</title><style>${STYLE}</style></head><body>`,
    `<h1>Run ${escapeXml(report.runId)}: agent ${escapeXml(manifest.agent.name)}</h1>`,
    unofficial,
    `<p>${told.join(', ')}${report.open > 0 ? `, ${report.open} not over` : ''}. Models cost ${report.cost}${totals.not_run > 0 ? ` and may cost ${escapeXml(manifest.maxCost ?? '')}, so not all trials were begun` : ''}.${report.prunedAt === null ? '' : ` The markets were removed at ${report.prunedAt}.`}</p>`,
    `<p>Passing bar: <strong>${bar.verdict}</strong> (${bar.parts.map(part => escapeXml(`${part.name}: ${part.found}`)).join('; ')}).</p>`,
    scenarioTable(report.scenarios),
    ...report.scenarios.map(scenario => scenarioSection(scenario, events)),
    `<details><summary>Manifest</summary><pre>${escapeXml(JSON.stringify(manifest, null, 2))}</pre></details>`,
    '</body></html>',
    '',
  ].join('\n')
}

function scenarioTable(scenarios: readonly ScenarioReport[]): string {
  const rows = scenarios.map(({ id, name, scored, passed, score, trials }) => {
    const interval = score?.lower == null ? '' : ` (${score.lower.toFixed(2)} to ${score.upper!.toFixed(2)})`
    const reason = trials.find(trial => trial.outcome !== 'passed')?.reasons[0] ?? ''
    return `<tr><td><a href="#${id}">${escapeXml(id)}</a></td><td>${escapeXml(name)}</td><td class="number">${passed}/${scored}</td><td class="number">${score === null ? '' : score.mean.toFixed(2)}${interval}</td><td>${escapeXml(reason)}</td></tr>`
  })
  return `<table><thead><tr><th>scenario</th><th></th><th class="number">passed</th><th class="number">score</th><th>reason</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function scenarioSection({ id, name, trials }: ScenarioReport, events: EventsByMarket): string {
  const told = trials.map(trial => trialDetails(trial, events.get(trial.marketId) ?? []))
  return `<section id="${id}"><h2>${escapeXml(`${id}: ${name}`)}</h2>${told.join('')}</section>`
}

function trialDetails(trial: TrialReport, events: readonly BourseEvent[]): string {
  const { outcome, score, reasons, verdict, termination, marketId } = trial
  const checks = (verdict?.checks ?? []).map(
    check =>
      `<tr><td class="${check.ok ? 'passed' : 'failed'}">${check.ok ? 'yes' : 'no'}</td><td>${escapeXml(check.name)}</td><td>${escapeXml(check.lookedFor)}</td><td>${escapeXml(check.found)}</td></tr>`,
  )
  const rows = transcriptOf(events).map(
    entry =>
      `<tr><td class="number">${entry.seq}</td><td>${escapeXml(entry.type)}</td><td><pre>${escapeXml(JSON.stringify(entry.data).slice(0, DATA_CHARACTERS_MAX))}</pre></td></tr>`,
  )
  return [
    `<details><summary>Trial ${trial.trial}: <span class="${outcome}">${outcome}</span>${score === null ? '' : `, score ${score.toFixed(2)}`}, agent ended by ${termination?.reason ?? 'nothing'}, market ${escapeXml(marketId)}</summary>`,
    reasons.length === 0 ? '' : `<ul>${reasons.map(reason => `<li>${escapeXml(reason)}</li>`).join('')}</ul>`,
    checks.length === 0 ? '' : `<table><tbody>${checks.join('')}</tbody></table>`,
    plots(events),
    rows.length === 0
      ? ''
      : `<details><summary>Transcript</summary><table><tbody>${rows.join('')}</tbody></table></details>`,
    '</details>',
  ].join('')
}

function plots(events: readonly BourseEvent[]): string {
  const balance = linePlot('balance of the agent, credits', [{ name: AGENT, points: balancePoints(events) }])
  const prices = linePlot('posted prices, credits', pricePoints(events))
  return [balance, prices].join('')
}

/** What the agent has after each event that moves its credits; settled and minted amounts alone. */
function balancePoints(events: readonly BourseEvent[]): PlotLine['points'] {
  let balance = 0
  const points: PlotLine['points'] = []
  for (const event of events) {
    const moved = movedOf(event)
    if (moved === 0) continue
    balance += moved
    points.push({ x: Date.parse(event.timestamp), y: balance })
  }
  return points
}

function movedOf(event: BourseEvent): number {
  if (event.type === 'credits_minted') return event.data.agent_id === AGENT ? Number(event.data.amount) : 0
  if (event.type === 'credits_burned') return event.data.agent_id === AGENT ? -Number(event.data.amount) : 0
  if (event.type !== 'credits_transferred') return 0
  if (event.data.to_agent === AGENT) return Number(event.data.amount)
  return event.data.from_agent === AGENT ? -Number(event.data.amount) : 0
}

function pricePoints(events: readonly BourseEvent[]): PlotLine[] {
  const lines = new Map<string, PlotLine['points']>()
  for (const event of events) {
    if (event.type !== 'price_update') continue
    const { resource, new_price: price } = event.data
    const points = lines.get(resource) ?? []
    points.push({ x: Date.parse(event.timestamp), y: Number(price) })
    lines.set(resource, points)
  }
  return [...lines].map(([name, points]) => ({ name, points }))
}
