import { z } from 'zod'

/** What the environment says about traces, metrics and logs. */
export interface TelemetryEnvironment {
  /** Null: tracing is off. */
  tracing: TracingEnvironment | null
  metrics: { host: string; port: number }
  logFormat: LogFormat
}

export interface TracingEnvironment {
  /** The address traces are sent to, as OTLP over HTTP. */
  tracesUrl: string
}

const LOG_FORMATS = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

const httpUrl = z
  .string()
  .refine(
    value => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol),
    'is not an http:// or https:// address',
  )

/**
 * OpenTelemetry's own variables, as far as a process depends on them, and Bourse's. Those not named here
 * (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*) are read by its SDK.
 */
export const telemetryVariables = {
  OTEL_SDK_DISABLED: z.enum(['true', 'false'], 'is neither true nor false').optional(),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'is neither otlp nor none').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/json', 'is not http/json, the only one spoken').optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z
    .literal('http/json', 'is not http/json, the only one spoken')
    .optional(),
  OTEL_TRACES_SAMPLER: z.enum(SAMPLERS, `is not one of ${SAMPLERS.join(', ')}`).optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'is not a fraction from 0 to 1')
    .optional(),
  BOURSE_METRICS_HOST: z.string().min(1, 'is empty').default('127.0.0.1'),
  BOURSE_METRICS_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'is not a port')
    .transform(Number)
    .refine(port => port <= 65_535, 'is not a port')
    .default(0),
  BOURSE_LOG_FORMAT: z.enum(LOG_FORMATS, `is not one of ${LOG_FORMATS.join(', ')}`).default('auto'),
}

const telemetrySchema = z.object(telemetryVariables)

/** What the variables mean together. Without an address to send traces to, tracing is off. */
export function telemetryOf(found: z.infer<typeof telemetrySchema>): TelemetryEnvironment {
  const isOff = found.OTEL_SDK_DISABLED === 'true' || found.OTEL_TRACES_EXPORTER === 'none'
  const tracesUrl =
    found.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    (found.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? undefined
      : `${found.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/$/, '')}/v1/traces`)
  return {
    tracing: isOff || tracesUrl === undefined ? null : { tracesUrl },
    metrics: { host: found.BOURSE_METRICS_HOST, port: found.BOURSE_METRICS_PORT },
    logFormat: found.BOURSE_LOG_FORMAT,
  }
}
