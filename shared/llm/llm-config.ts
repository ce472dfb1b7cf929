import { z } from 'zod'
import { readMoney } from './money.ts'

const TOKENS_MAX = 100_000_000
const UPSTREAMS_MAX = 20
const MODELS_MAX = 200
const WAIT_MS_MAX = 3_600_000

const tokens = z.number().int().min(1).max(TOKENS_MAX)
const waitMs = z.number().int().min(1).max(WAIT_MS_MAX)

/** Money per million tokens in `currency`, as a decimal; kept in millionths. */
const price = z
  .union([z.string(), z.number()])
  .transform(value => readMoney(String(value)))
  .refine(micro => micro !== null, 'must be a decimal from 0 with at most 6 fraction digits')
  .transform(micro => micro!)

const modelSchema = z.strictObject({
  name: z.string().min(1).max(200).describe('the model as callers name it'),
  upstreamName: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('the model as this upstream names it; default: name'),
  contextTokens: tokens.describe('tokens: prompt and answer together'),
  maxOutputTokens: tokens.describe('tokens: the longest answer'),
  price: z
    .strictObject({ input: price, output: price, cachedInput: price.optional() })
    .describe('money per million tokens, in the currency of the file'),
  contentPartTokens: z
    .record(z.string(), tokens)
    .default({})
    .describe('tokens that a content part of a type other than text takes at most, e.g. {"image_url": 3000}'),
})

const timeoutsSchema = z.strictObject({
  connectMs: waitMs.default(2_000).describe('milliseconds to connect'),
  firstTokenMs: waitMs.default(30_000).describe('milliseconds until a stream tells its first token'),
  idleMs: waitMs.default(20_000).describe('milliseconds between two pieces of an answer that has begun'),
  totalMs: waitMs.default(120_000).describe('milliseconds for one attempt as a whole'),
})

const upstreamSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-"'),
  baseUrl: z
    .string()
    .refine(isBaseUrl, 'must be an http or https address without user, query or fragment')
    .transform(url => url.replace(/\/+$/, '')),
  keyVariable: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable')
    .optional()
    .describe('the environment variable with the key; without it none is sent'),
  maxTokensParameter: z
    .enum(['max_tokens', 'max_completion_tokens'])
    .default('max_tokens')
    .describe("how this upstream is told an answer's limit when the caller gave none"),
  maxConcurrentCalls: z.number().int().min(1).max(10_000).default(64).describe('calls at once'),
  timeouts: timeoutsSchema.default(timeoutsSchema.parse({})),
  models: z.array(modelSchema).min(1).max(MODELS_MAX).refine(namesDiffer, 'model names must differ'),
})

const retrySchema = z.strictObject({
  attemptsPerUpstream: z.number().int().min(1).max(10).default(3),
  firstDelayMs: waitMs.default(200).describe('milliseconds: bound of the first delay; it doubles each time'),
  maxDelayMs: waitMs.default(5_000).describe('milliseconds: bound of every delay'),
  totalMs: waitMs.default(30_000).describe('milliseconds after which no further attempt begins'),
})

const circuitSchema = z.strictObject({
  failureRatio: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('a circuit opens when this share of calls failed'),
  windowSeconds: z
    .number()
    .int()
    .min(1)
    .max(3_600)
    .default(30)
    .describe('seconds over which that is looked at'),
  minimumCalls: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(10)
    .describe('calls in that time below which it stays'),
  openSeconds: z.number().min(0.1).max(3_600).default(10).describe('seconds until one call may try again'),
})

const limitsSchema = z.strictObject({
  maxRequestBytes: z.number().int().min(1_024).max(67_108_864).default(4_194_304),
  maxResponseBytes: z.number().int().min(1_024).max(268_435_456).default(33_554_432),
  maxConcurrentCalls: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(512)
    .describe('calls at once in one proxy'),
})

/** The file that says which upstreams there are, in the order they are tried. */
export const llmConfigSchema = z.strictObject({
  currency: z.string().min(1).max(10).default('USD'),
  upstreams: z
    .array(upstreamSchema)
    .max(UPSTREAMS_MAX)
    .default([])
    .refine(namesDiffer, 'upstream names must differ'),
  retry: retrySchema.default(retrySchema.parse({})),
  circuit: circuitSchema.default(circuitSchema.parse({})),
  limits: limitsSchema.default(limitsSchema.parse({})),
  logPrompts: z.boolean().default(false).describe('write prompts to the log, cut to 4 KiB'),
})

export type LlmConfig = z.output<typeof llmConfigSchema>
export type UpstreamConfig = LlmConfig['upstreams'][number]
export type ModelConfig = UpstreamConfig['models'][number]
export type RetryConfig = LlmConfig['retry']
export type CircuitConfig = LlmConfig['circuit']

/** A configuration and, apart from it so that no printing shows them, the keys of its upstreams by name. */
export interface LlmSetup {
  config: LlmConfig
  keys: ReadonlyMap<string, string>
}

/** Every problem of a configuration at once; each names its place. */
export class LlmConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The LLM configuration is not usable:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
    this.name = 'LlmConfigError'
  }
}

/**
 * Reads a configuration file's text, and its keys from `env`.
 * Throws an LlmConfigError that tells every problem; no message holds a key.
 */
export function readLlmConfig(text: string, env: Record<string, string | undefined>): LlmSetup {
  const read = llmConfigSchema.safeParse(parseJson(text))
  if (!read.success) {
    throw new LlmConfigError(
      read.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'the file'}: ${message}`),
    )
  }
  const problems: string[] = []
  const keys = new Map<string, string>()
  for (const { name, keyVariable } of read.data.upstreams) {
    if (keyVariable === undefined) continue
    const key = env[keyVariable]
    if (key === undefined || key === '') problems.push(`upstream ${name}: ${keyVariable} is not set`)
    else if (!/^[\x21-\x7e]+$/.test(key))
      problems.push(`upstream ${name}: ${keyVariable} is no key: it has spaces or control characters`)
    else keys.set(name, key)
  }
  if (problems.length > 0) throw new LlmConfigError(problems)
  return { config: read.data, keys }
}

/** An upstream that serves a model, and how. */
export interface Route {
  upstream: UpstreamConfig
  model: ModelConfig
}

/** The upstreams that serve a model, in the order they are tried. */
export function routesTo(config: LlmConfig, model: string): Route[] {
  return config.upstreams.flatMap(upstream =>
    upstream.models.filter(({ name }) => name === model).map(served => ({ upstream, model: served })),
  )
}

/** The models that callers may name, each once. */
export function modelNames(config: LlmConfig): string[] {
  return [...new Set(config.upstreams.flatMap(({ models }) => models.map(({ name }) => name)))]
}

/** Milliseconds after which no call can still be under way: its last attempt began in time and is over. */
export function longestCallMs({ retry, upstreams }: LlmConfig): number {
  return retry.totalMs + Math.max(0, ...upstreams.map(({ timeouts }) => timeouts.totalMs))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new LlmConfigError([`the file: is not JSON (${(error as Error).message})`])
  }
}

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return ['http:', 'https:'].includes(protocol) && `${username}${password}${search}${hash}` === ''
}

function namesDiffer(list: readonly { name: string }[]): boolean {
  return new Set(list.map(({ name }) => name)).size === list.length
}
