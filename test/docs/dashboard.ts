import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from './markdown.ts'

const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  templating: z.object({ list: z.array(z.object({ query: z.string() })) }),
  panels: z.array(
    z.object({
      id: z.number().int(),
      title: z.string(),
      description: z.string(),
      datasource: z.object({ uid: z.string() }),
      targets: z.array(z.object({ expr: z.string(), refId: z.string() })),
    }),
  ),
})

/** The dashboard that Grafana is given. */
export function readDashboard(): z.infer<typeof dashboard> {
  return dashboard.parse(
    JSON.parse(readFileSync(join(root, 'docker', 'grafana', 'dashboards', 'bourse.json'), 'utf8')),
  )
}

/** The names of the metrics that its panels and variables ask for, each once. */
export function metricsInDashboard(): string[] {
  const { panels, templating } = readDashboard()
  const asked = [
    ...panels.flatMap(panel => panel.targets.map(target => target.expr)),
    ...templating.list.map(variable => variable.query),
  ]
  const names = asked.flatMap(text => text.match(/\b(?:bourse|temporal|nodejs|process)_[a-z0-9_]+/g) ?? [])
  return [...new Set(names)].toSorted()
}
