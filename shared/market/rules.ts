import { z } from 'zod'
import { readMoney } from '../llm/money.ts'
import { readAmount } from '../money/credits.ts'

const creditsRule = z
  .union([z.string(), z.number()])
  .refine(
    value => readAmount(value).ok,
    'must be 0.000001 to 1000000000000 credits, with at most 6 fraction digits',
  )
  .transform(value => String(value))

const tokenLimit = z.number().int().min(1).max(1e15).nullable().default(null)

const moneyLimit = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine(value => readMoney(value) !== null, 'must be a decimal from 0 with at most 6 fraction digits')
  .nullable()
  .default(null)

/** A market's rules, each with its default; `market schema` prints them. */
export const rulesSchema = z.strictObject({
  cycleSeconds: z
    .number()
    .min(0.1)
    .max(86_400)
    .multipleOf(0.1)
    .default(1)
    .describe('seconds: a cycle runs at most once in this time'),
  policy: z
    .enum(['highest-bid', 'posted-price'])
    .default('highest-bid')
    .describe('how bids are ranked: by credits, or by credits over cost at the posted prices'),
  maxBidsPerCycle: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(100_000)
    .describe('bids: a cycle considers at most this many, the rest waits for the next'),
  minimumBid: creditsRule.default('1').describe('credits: the lowest amount admitted'),
  reserveFraction: z
    .number()
    .min(0)
    .max(1)
    .multipleOf(0.000001)
    .default(0)
    .describe("fraction of a bundle's posted cost that an admitted bid must reach"),
  maxOpenBids: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('bids: open at once per paying agent'),
  bidsPerSecond: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .nullable()
    .default(50)
    .describe("bids per second: refill of an agent's token bucket; null: no limit"),
  pricePeriodSeconds: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(10)
    .describe('seconds between price updates; prices older than three periods are last_known'),
  targetUtilisation: z
    .number()
    .min(0.01)
    .max(1)
    .multipleOf(0.000001)
    .default(0.9)
    .describe('fraction of capacity: prices rise while more is asked for, and fall while less is'),
  llmCallsPerLease: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(128)
    .describe('calls to models that a lease may have open at once'),
  llmTokensPerMinute: tokenLimit.describe(
    'tokens that all leases of the market may spend on models in a minute; null: no limit',
  ),
  llmCostPerMinute: moneyLimit.describe(
    "money, in the upstreams' currency, that the market may spend on models in a minute; null: no limit",
  ),
  ownerLlmTokensPerMinute: tokenLimit.describe(
    'tokens that all agents of one owner may spend on models in a minute; null: no limit',
  ),
  ownerLlmCostPerMinute: moneyLimit.describe(
    "money, in the upstreams' currency, that all agents of one owner may spend on models in a minute; null: no limit",
  ),
  bidBurst: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(200)
    .describe("bids: size of an agent's token bucket"),
  observeCalls: z
    .boolean()
    .default(false)
    .describe('whether every call of an agent over NATS is told as events, with what was asked and answered'),
  ownerMaxOpenBids: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(64)
    .describe('bids: open at once of all agents of one owner together; null: no limit'),
  ownerBidsPerSecond: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(50)
    .describe(
      'bids per second: refill of the token bucket that all agents of one owner share; null: no limit',
    ),
  ownerBidBurst: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(200)
    .describe('bids: size of the token bucket that all agents of one owner share'),
  rewardPerPoint: creditsRule
    .default('50')
    .describe("credits: minted for each point of a person's three scores of a prompt"),
  eventsKept: z
    .number()
    .int()
    .min(10_000)
    .max(1e12)
    .nullable()
    .default(null)
    .describe(
      'events: so many of the newest are kept, and at most about as many before them, from a checkpoint on; null: all',
    ),
  dormantAfterSeconds: z
    .number()
    .min(1)
    .max(31_536_000)
    .multipleOf(0.1)
    .nullable()
    .default(null)
    .describe(
      'seconds without open bid and lease after which an agent is dormant; null: ten cycles, at least 10 seconds',
    ),
  mortality: z
    .boolean()
    .default(true)
    .describe('whether an agent dies that is dormant for want of credits and stays without any'),
  spawnFee: creditsRule.default('10').describe('credits: burned of an agent that spawns another'),
  maxOpenPrompts: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(16)
    .describe("prompts: open at once per agent in the queue for a person's attention"),
})

export type MarketRules = z.infer<typeof rulesSchema>

/** A resource as a market offers it; `capacity` is in its unit (`tokens`: per minute). */
export const resourceSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter'),
  unit: z.string().min(1).max(63),
  capacity: z
    .union([z.number().positive().max(1e15), z.string().regex(/^\d{1,15}(\.\d{1,6})?$/)])
    .transform(String),
})

export type Resource = z.infer<typeof resourceSchema>

/** A market sells at most this many resources, so that costs stay exact integers below 2^53. */
export const MAX_RESOURCES = 9

export const DEFAULT_RESOURCES: readonly Resource[] = [
  { name: 'cpu', unit: 'cores', capacity: '4' },
  { name: 'memory', unit: 'MiB', capacity: '4096' },
  { name: 'tokens', unit: 'tokens per minute', capacity: '1000000' },
  { name: 'attention', unit: 'share', capacity: '1' },
]

/** What a market is made from: its resources and rules, unknown keys refused. */
export const marketSettingsSchema = z.strictObject({
  displayName: z.string().min(1).max(200).optional(),
  resources: z
    .array(resourceSchema)
    .min(1)
    .max(MAX_RESOURCES)
    .default([...DEFAULT_RESOURCES])
    .refine(list => new Set(list.map(r => r.name)).size === list.length, 'resource names must differ'),
  rules: rulesSchema.default(rulesSchema.parse({})),
})

export type MarketSettings = z.infer<typeof marketSettingsSchema>
