import { z } from 'zod'
import { PLAIN_TEXT_LINES, PLAIN_TEXT_LINES_RULE } from '../economy/plain-text.ts'
import { type Outcome, type Refusal, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import {
  type LedgerAgent,
  partyOf,
  refuseActor,
  refuseAmount,
  refuseUnlessAvailable,
} from '../ledger/decisions.ts'
import type { Movement } from '../ledger/movement.ts'
import type { MarketRules } from '../market/rules.ts'
import { formatCredits, readCredits } from '../money/credits.ts'
import type {
  EndedPrompt,
  OpenedPrompt,
  OpenPromptRequest,
  PromptStatus,
  PromptSummary,
  ScoredPrompt,
  Scores,
} from './attention.ts'
import { PROMPT_CHARACTERS_MAX, PROMPT_WAIT_SECONDS_MAX } from './limits.ts'

const points = z
  .number('must be a whole number from 0 to 10')
  .int('must be a whole number from 0 to 10')
  .min(0, 'must be a whole number from 0 to 10')
  .max(10, 'must be a whole number from 0 to 10')

const scoresSchema = z.strictObject({ interesting: points, useful: points, understandable: points })

/** A prompt as it stands; times in milliseconds. */
export interface Prompt {
  promptId: string
  agent: string
  leaseId: string
  text: string
  amountMicro: bigint
  status: PromptStatus
  openedAtMs: number
  expiresAtMs: number | null
  scores: Scores | null
  awardedMicro: bigint | null
  traceparent: string | null
}

/** The lease a prompt is asked from, as far as it matters. */
export interface PromptLease {
  leaseId: string
  endsAtMs: number
  attentionPpm: number
}

/** What a decision answers and, when it is accepted, everything it changes. */
export interface PromptDecision<T> {
  outcome: Outcome<T>
  agent: LedgerAgent | null
  prompt: Prompt | null
  movements: Movement[]
  events: EventDraft[]
}

type Accepted<T> = T extends Outcome<infer Content> ? Content : never

/** Refuses what no market would take, or answers null. */
export function promptProblem({ text, amountMicro, expiresInSeconds }: OpenPromptRequest): Refusal | null {
  if (text.length < 1 || text.length > PROMPT_CHARACTERS_MAX) {
    return refuse('invalid_prompt', `text: 1 to ${PROMPT_CHARACTERS_MAX} characters`, 'text')
  }
  if (!PLAIN_TEXT_LINES.test(text)) return refuse('invalid_prompt', `text: ${PLAIN_TEXT_LINES_RULE}`, 'text')
  const isWait =
    expiresInSeconds === undefined ||
    (Number.isInteger(expiresInSeconds) &&
      expiresInSeconds >= 1 &&
      expiresInSeconds <= PROMPT_WAIT_SECONDS_MAX)
  if (!isWait) {
    return refuse(
      'invalid_prompt',
      `expiresInSeconds: a whole number from 1 to ${PROMPT_WAIT_SECONDS_MAX}, or absent`,
      'expiresInSeconds',
    )
  }
  return refuseAmount(amountMicro)
}

/**
 * Decides whether a prompt enters the queue: its agent lives and can pay, holds a lease with attention that has not
 * ended, and has fewer open prompts than the market allows. What it offers moves into escrow.
 */
export function decideOpenPrompt(
  {
    agent: found,
    lease,
    openPrompts,
    rules,
  }: {
    agent: LedgerAgent | undefined
    lease: PromptLease | null
    openPrompts: number
    rules: Pick<MarketRules, 'maxOpenPrompts'>
  },
  request: OpenPromptRequest,
  promptId: string,
  nowMs: number,
): PromptDecision<Accepted<OpenedPrompt>> {
  const { amountMicro, text, expiresInSeconds } = request
  const problem =
    refuseActor(found, request.agent, 'agent') ??
    refuseLease(lease, request, nowMs) ??
    (openPrompts >= rules.maxOpenPrompts
      ? refuse(
          'too_many_open_prompts',
          `agent ${request.agent} has ${openPrompts} open prompts, the most allowed`,
        )
      : null) ??
    refuseUnlessAvailable(found!, amountMicro)
  if (problem !== null) return unchanged(problem)
  const agent = { ...found!, availableMicro: found!.availableMicro - amountMicro }
  const prompt: Prompt = {
    promptId,
    agent: agent.name,
    leaseId: lease!.leaseId,
    text,
    amountMicro,
    status: 'open',
    openedAtMs: nowMs,
    expiresAtMs: expiresInSeconds === undefined ? null : nowMs + expiresInSeconds * 1000,
    scores: null,
    awardedMicro: null,
    traceparent: request.traceparent ?? null,
  }
  const amount = formatCredits(amountMicro)
  const context = contextOf(prompt)
  return {
    outcome: { ok: true, promptId, status: 'open', escrowed: amount },
    agent,
    prompt,
    movements: [{ from: partyOf(agent), to: 'escrow', amountMicro, purpose: 'prompt', ref: promptId }],
    events: [
      draftEvent(
        promptId,
        'prompt_opened',
        {
          prompt_id: promptId,
          lease_id: prompt.leaseId,
          amount,
          text,
          expires_at: prompt.expiresAtMs === null ? null : new Date(prompt.expiresAtMs).toISOString(),
        },
        context,
      ),
      draftEvent(promptId, 'credits_escrowed', { agent_id: agent.name, amount, ref: promptId }, context),
    ],
  }
}

/** Reads the three scores; what is wrong names its field. */
export function readScores(input: unknown): { ok: true; scores: Scores } | Refusal {
  const read = scoresSchema.safeParse(input)
  if (read.success) return { ok: true, scores: read.data }
  const issue = read.error.issues[0]!
  const field = issue.path.length === 0 ? 'scores' : String(issue.path[0])
  return refuse('invalid_scores', `${field}: ${issue.message}`, field)
}

/** A person's scores in credits: the rule `rewardPerPoint` for each point of the three together. */
export function rewardMicro({ interesting, useful, understandable }: Scores, rewardPerPoint: string): bigint {
  const perPoint = readCredits(rewardPerPoint)
  if (!perPoint.ok) throw new Error(`rewardPerPoint: ${perPoint.problem}`)
  return perPoint.micro * BigInt(interesting + useful + understandable)
}

/** Decides a prompt's reward: minted to its agent, its escrow burned. One that was resolved stays as it is. */
export function decideScorePrompt(
  {
    prompt,
    agent,
    rules,
  }: { prompt: Prompt; agent: LedgerAgent; rules: Pick<MarketRules, 'rewardPerPoint'> },
  scores: Scores,
  actor: string,
  operationId: string,
): PromptDecision<Accepted<ScoredPrompt>> {
  if (prompt.status !== 'open') {
    const isSame = prompt.status === 'rewarded' && sameScores(prompt.scores!, scores)
    return unchanged(isSame ? rewarded(prompt) : alreadyResolved(prompt))
  }
  const awardedMicro = rewardMicro(scores, rules.rewardPerPoint)
  const paid = { ...agent, availableMicro: agent.availableMicro + awardedMicro }
  const scored: Prompt = { ...prompt, status: 'rewarded', scores, awardedMicro }
  const context = contextOf(prompt)
  const { promptId } = prompt
  const escrow = { agent_id: agent.name, amount: formatCredits(prompt.amountMicro), ref: promptId }
  const awarded = formatCredits(awardedMicro)
  const minted = { agent_id: agent.name, amount: awarded, reason: 'reward', ref: promptId, actor }
  const issued = { prompt_id: promptId, scores, credits_awarded: awarded, actor }
  const hasReward = awardedMicro > 0n
  const burn: Movement = {
    from: 'escrow',
    to: 'burn',
    amountMicro: prompt.amountMicro,
    purpose: 'prompt',
    ref: promptId,
  }
  const mint: Movement = {
    from: 'mint',
    to: partyOf(paid),
    amountMicro: awardedMicro,
    purpose: 'reward',
    ref: promptId,
  }
  return {
    outcome: rewarded(scored),
    agent: paid,
    prompt: scored,
    movements: hasReward ? [burn, mint] : [burn],
    events: [
      draftEvent(operationId, 'human_reward_issued', issued, context),
      draftEvent(operationId, 'escrow_burned', escrow, context),
      ...(hasReward ? [draftEvent(operationId, 'credits_minted', minted, context)] : []),
    ],
  }
}

/** Decides whether an open prompt's time is over; its escrow then goes back to its agent. */
export function decideExpirePrompt(
  prompt: Prompt,
  agent: LedgerAgent,
  operationId: string,
  nowMs: number,
): PromptDecision<Accepted<EndedPrompt>> {
  const { promptId, amountMicro } = prompt
  const isDue = prompt.status === 'open' && prompt.expiresAtMs !== null && prompt.expiresAtMs <= nowMs
  if (!isDue) return unchanged({ ok: true, promptId, status: prompt.status })
  const repaid = { ...agent, availableMicro: agent.availableMicro + amountMicro }
  const context = contextOf(prompt)
  const escrow = { agent_id: agent.name, amount: formatCredits(amountMicro), ref: promptId }
  return {
    outcome: { ok: true, promptId, status: 'expired' },
    agent: repaid,
    prompt: { ...prompt, status: 'expired' },
    movements: [{ from: 'escrow', to: partyOf(repaid), amountMicro, purpose: 'prompt', ref: promptId }],
    events: [
      draftEvent(operationId, 'prompt_expired', { prompt_id: promptId }, context),
      draftEvent(operationId, 'escrow_released', escrow, context),
    ],
  }
}

/** What a prompt asks for, whatever its key: two with one key must be the same. */
export function contentOfPrompt(request: OpenPromptRequest): Record<string, unknown> {
  const { leaseId = null, text, amountMicro, expiresInSeconds = null } = request
  return { operation: 'prompt', leaseId, text, amountMicro, expiresInSeconds }
}

/** A prompt as people see it. */
export function summarisePrompt(marketId: string, prompt: Prompt): PromptSummary {
  const { promptId, agent, leaseId, text, status, scores, expiresAtMs, awardedMicro } = prompt
  return {
    promptId,
    marketId,
    agent,
    leaseId,
    text,
    amount: formatCredits(prompt.amountMicro),
    status,
    openedAt: new Date(prompt.openedAtMs).toISOString(),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    scores,
    awarded: awardedMicro === null ? null : formatCredits(awardedMicro),
  }
}

function refuseLease(lease: PromptLease | null, request: OpenPromptRequest, nowMs: number): Refusal | null {
  const named = request.leaseId === undefined ? '' : ` ${JSON.stringify(request.leaseId.slice(0, 63))}`
  if (lease === null || lease.endsAtMs <= nowMs) {
    return refuse('no_active_lease', `agent ${request.agent} holds no active lease${named}`, 'leaseId')
  }
  return lease.attentionPpm > 0
    ? null
    : refuse('no_attention', `lease ${lease.leaseId} has no attention: bid for some`, 'leaseId')
}

function contextOf(prompt: Prompt) {
  return { agent: prompt.agent, correlationId: prompt.promptId, traceparent: prompt.traceparent }
}

function rewarded({ promptId, awardedMicro }: Prompt): ScoredPrompt {
  return { ok: true, promptId, status: 'rewarded', awarded: formatCredits(awardedMicro!) }
}

function sameScores(a: Scores, b: Scores): boolean {
  return a.interesting === b.interesting && a.useful === b.useful && a.understandable === b.understandable
}

function alreadyResolved({ promptId, status }: Prompt) {
  return refuse('prompt_resolved', `prompt ${promptId} is ${status} already`, 'promptId')
}

export function refuseUnknownPrompt(promptId: string): Refusal {
  return refuse('unknown_prompt', `there is no prompt ${JSON.stringify(promptId.slice(0, 63))}`, 'promptId')
}

function unchanged<T>(outcome: Outcome<T>): PromptDecision<T> {
  return { outcome, agent: null, prompt: null, movements: [], events: [] }
}
