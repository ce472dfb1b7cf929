import { z } from 'zod'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { readMoney } from '../llm/money.ts'

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-"')
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable')
const httpUrl = z
  .string()
  .max(500)
  .refine(
    url => URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol),
    'must be an http or https address',
  )

const money = z
  .string()
  .refine(text => readMoney(text) !== null, 'must be a decimal from 0 with at most 6 fraction digits')

/** What an agent may use up in one trial; the trial ends there, and is scored. */
export const limitsSchema = z.strictObject({
  turns: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(60)
    .describe('operations asked of the market; of a model: answers'),
  tokens: z.number().int().min(1).max(100_000_000).default(200_000).describe("of the agent's own model"),
  seconds: z.number().int().min(1).max(86_400).default(120),
  cost: money
    .optional()
    .describe("money for the agent's own model, in the currency of the upstreams; usual: 5"),
})

export type AgentLimits = z.infer<typeof limitsSchema>

const common = {
  name,
  description: z.string().max(1_000).default(''),
  limits: limitsSchema.default(limitsSchema.parse({})),
}

/** An agent under test, as `agents/<name>.json` describes it. */
export const agentUnderTestSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      ...common,
      kind: z.literal('reference'),
      function: name.describe(
        'a function of agents/reference, run by the worker as a NATS client of its own',
      ),
    })
    .describe('a program of the checkout, good or bad on purpose'),
  z
    .strictObject({
      ...common,
      kind: z.literal('sandbox'),
      command: z.array(z.string().min(1).max(1_000)).min(1).max(64),
      runtime: z.enum(['node', 'python', 'native']),
      files: z
        .record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/), z.string().max(1_048_576))
        .refine(files => Object.keys(files).length <= 64, 'has more than 64 files')
        .default({})
        .describe('by name, what stands in it'),
      folder: z
        .string()
        .max(500)
        .optional()
        .describe('instead of files: a folder of a program, from where this file is'),
    })
    .describe('a program that runs in a sandbox for the time of the trial'),
  z
    .strictObject({
      ...common,
      kind: z.literal('remote'),
      startUrl: httpUrl.describe(
        'is sent by POST where the market is and the token to enter it; the agent ends with task.finish',
      ),
      keyVariable: variable.optional().describe('the environment variable of the worker with a bearer key'),
    })
    .describe('a program elsewhere, over NATS'),
  z
    .strictObject({
      ...common,
      kind: z.literal('llm'),
      model: z.string().min(1).max(200),
      baseUrl: httpUrl
        .optional()
        .describe('an OpenAI-compatible server; without it the upstreams of the proxy'),
      keyVariable: variable
        .optional()
        .describe('with baseUrl: the environment variable of the worker with its key'),
      price: z
        .strictObject({ input: money, output: money })
        .optional()
        .describe('with baseUrl: money per million tokens, in the currency of the upstreams'),
      systemPrompt: z.string().max(20_000).optional(),
      temperature: z.number().min(0).max(2).default(0.3),
      maxOutputTokens: z.number().int().min(1).max(100_000).default(2_000),
    })
    .refine(agent => agent.price === undefined || agent.baseUrl !== undefined, {
      path: ['price'],
      message: 'needs baseUrl: what the models of the proxy cost stands in its file',
    })
    .refine(agent => agent.limits.cost === undefined || agent.baseUrl === undefined || agent.price, {
      path: ['limits', 'cost'],
      message: 'needs price: what a model at a baseUrl of its own costs is not known without',
    })
    .describe('a language model with the operations of the gateway as its tools'),
])

export type AgentUnderTest = z.infer<typeof agentUnderTestSchema>
export type AgentKind = AgentUnderTest['kind']

/** Whether it is known what the calls of an agent's own model cost. */
export function isCostKnown(agent: AgentUnderTest): boolean {
  return agent.kind !== 'llm' || agent.baseUrl === undefined || agent.price !== undefined
}

/** Reads the description of an agent under test; a refusal names the field. */
export function readAgentUnderTest(content: unknown): Outcome<{ agent: AgentUnderTest }> {
  const read = agentUnderTestSchema.safeParse(content)
  if (read.success) return { ok: true, agent: read.data }
  const issue = read.error.issues[0]!
  const keys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys : []
  const field = [...issue.path, ...keys.slice(0, 1)].map(String).join('.') || 'agent'
  return refuse('invalid_agent', `${field}: ${issue.message}`, field)
}
