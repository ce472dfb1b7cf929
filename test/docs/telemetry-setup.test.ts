import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { readDashboard } from './dashboard.ts'
import { root } from './markdown.ts'

const yamlOf = (path: string) => parse(readFileSync(join(root, path), 'utf8'), { uniqueKeys: true })
const { services } = yamlOf('docker-compose.yml')
/** The name and port in an address such as `http://jaeger:16686` or `jaeger:4317`. */
const placeOf = (address: string) => /^(?:https?:\/\/)?([\w-]+):(\d+)/.exec(address)!.slice(1)

interface ScrapeJob {
  static_configs: { targets: string[] }[]
  dns_sd_configs: { names: string[]; port: number }[]
}

describe('the collector', () => {
  const { receivers, processors, exporters, service } = yamlOf('docker/otel-collector.yaml')

  test('listens where the processes send', () => {
    const port = /:(\d+)$/.exec(receivers.otlp.protocols.http.endpoint)![1]
    const senders = Object.values<{ environment?: Record<string, string> }>(services).flatMap(
      one => one.environment?.OTEL_EXPORTER_OTLP_ENDPOINT ?? [],
    )
    expect(senders.length).toBeGreaterThanOrEqual(3)
    expect(senders.map(placeOf)).toEqual(senders.map(() => ['otel-collector', port]))
    const environment = { ...services.worker.environment, BOURSE_POSTGRES_URL: 'postgres://a@b/c' }
    environment.BOURSE_NATS_URL = 'nats://a:b@nats:4222'
    environment.BOURSE_NATS_SYSTEM_URL = 'nats://a:b@nats:4222'
    expect(loadEnvironment(environment).telemetry).toEqual({
      tracing: { tracesUrl: `http://otel-collector:${port}/v1/traces` },
      metrics: { host: '0.0.0.0', port: 9464 },
      logFormat: 'auto',
    })
  })

  test('passes on to a service that is there, by parts that are defined', () => {
    const [name] = placeOf(exporters.otlp.endpoint)
    expect(services).toHaveProperty(name!)
    const { traces } = service.pipelines
    expect(Object.keys(receivers)).toEqual(traces.receivers)
    expect(Object.keys(processors)).toEqual(traces.processors)
    expect(Object.keys(exporters)).toEqual(traces.exporters)
  })
})

test('Prometheus asks the processes that serve metrics, and all of them', () => {
  const { scrape_configs: jobs } = yamlOf('docker/prometheus.yaml')
  const asked = jobs.flatMap((job: ScrapeJob) => [
    ...job.static_configs.flatMap(({ targets }) => targets),
    ...job.dns_sd_configs.flatMap(({ names, port }) => names.map(name => `${name}:${port}`)),
  ])
  const serving = Object.entries<{ environment?: Record<string, string> }>(services).flatMap(([name, one]) =>
    one.environment?.BOURSE_METRICS_PORT ? [`${name}:${one.environment.BOURSE_METRICS_PORT}`] : [],
  )
  expect(asked.toSorted()).toEqual(serving.toSorted())
})

describe('Grafana', () => {
  const { datasources } = yamlOf('docker/grafana/provisioning/datasources/bourse.yaml')
  const { providers } = yamlOf('docker/grafana/provisioning/dashboards/bourse.yaml')

  test('finds its sources and its dashboards where Compose puts them', () => {
    for (const { url } of datasources) expect(services).toHaveProperty(placeOf(url)[0]!)
    const mounts: string[] = services.grafana.volumes
    expect(mounts.map(mount => mount.split(':')[1])).toContain(providers[0].options.path)
  })

  test('shows a dashboard whose panels each ask a source that is there', () => {
    const { panels } = readDashboard()
    const uids = datasources.map((source: { uid: string }) => source.uid)
    expect(panels.length).toBeGreaterThan(10)
    expect(panels.filter(panel => !uids.includes(panel.datasource.uid))).toEqual([])
    expect(new Set(panels.map(panel => panel.id)).size).toBe(panels.length)
    expect(panels.filter(panel => panel.targets.length === 0 || !panel.description)).toEqual([])
  })
})
