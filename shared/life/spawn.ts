import { posix } from 'node:path'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { balanceMicro, type LedgerAgent, partyOf, refuseUnlessAvailable } from '../ledger/decisions.ts'
import type { Movement } from '../ledger/movement.ts'
import type { MarketRules } from '../market/rules.ts'
import { formatCredits, readCredits } from '../money/credits.ts'
import { type Program, programProblem } from '../program/program.ts'

/** What a child is made with. */
export interface SpawnRequest {
  child: string
  /** What the parent gives it, above zero. */
  creditsMicro: bigint
  /** Text files that stand beside or in place of those of the parent's program, by any path. */
  files: Readonly<Record<string, string>>
}

const DEFAULT_FEE_MICRO = 10_000_000n

/** What spawning burns, micro-credits. */
export function spawnFeeMicro(rules: MarketRules): bigint {
  const fee = readCredits((rules as Partial<MarketRules>).spawnFee ?? '')
  return fee.ok ? fee.micro : DEFAULT_FEE_MICRO
}

/** Refuses a parent that cannot pay the fee and what it gives, or answers null. */
export function refuseSpawn(parent: LedgerAgent, feeMicro: bigint, { creditsMicro }: SpawnRequest) {
  return refuseUnlessAvailable(parent, feeMicro + creditsMicro)
}

/**
 * The child's program: its parent's, with files of its own, which lie in the same folder whatever path they are given by.
 * Null: neither has one.
 */
export function inheritProgram(
  parent: Program | null,
  files: SpawnRequest['files'],
): Outcome<{ program: Program | null }> {
  const extra = Object.entries(files).map(([path, text]) => [posix.basename(path), text] as const)
  if (parent === null) {
    if (extra.length === 0) return { ok: true, program: null }
    return refuse('invalid_program', 'files: the parent has no program that they could belong to', 'files')
  }
  const names = extra.map(([name]) => name)
  if (new Set(names).size < names.length) {
    return refuse('invalid_program', 'files: two paths end in the same name', 'files')
  }
  const inherited = new Map(parent.files)
  for (const [name, text] of extra) inherited.set(name, new TextEncoder().encode(text))
  const program = { ...parent, files: inherited }
  return programProblem(program) ?? { ok: true, program }
}

/** What a birth moves and tells: the fee is burned, and what the parent gives is the child's. */
export function spawnEffects(
  operationId: string,
  parent: LedgerAgent,
  feeMicro: bigint,
  { child, creditsMicro, childId }: SpawnRequest & { childId: bigint },
): { parent: LedgerAgent; movements: Movement[]; events: EventDraft[] } {
  const afterFee = { ...parent, availableMicro: parent.availableMicro - feeMicro }
  const after = { ...afterFee, availableMicro: afterFee.availableMicro - creditsMicro }
  const [fee, credits] = [formatCredits(feeMicro), formatCredits(creditsMicro)]
  const context = { agent: parent.name, correlationId: operationId }
  const spawned = { parent_id: parent.name, child_id: child, spawn_cost: fee, initial_balance: credits }
  const given = { from_agent: parent.name, to_agent: child, amount: credits, purpose: 'endowment' }
  return {
    parent: after,
    movements: [
      { from: partyOf(afterFee), to: 'burn', amountMicro: feeMicro, purpose: 'spawn_fee', ref: operationId },
      {
        from: partyOf(after),
        to: { agentId: childId, balanceAfterMicro: creditsMicro },
        amountMicro: creditsMicro,
        purpose: 'endowment',
        ref: operationId,
      },
    ],
    events: [
      draftEvent(operationId, 'agent_spawned', { ...spawned, model_tier: null }, context),
      draftEvent(
        operationId,
        'credits_burned',
        { agent_id: parent.name, amount: fee, reason: 'spawn_fee' },
        context,
      ),
      draftEvent(operationId, 'credits_transferred', given, context),
    ],
  }
}

/** What a parent is told of its child. */
export function describeBirth(parent: LedgerAgent, fee: bigint, { child, creditsMicro }: SpawnRequest) {
  return {
    agent: child,
    credits: formatCredits(creditsMicro),
    fee: formatCredits(fee),
    balance: formatCredits(balanceMicro(parent)),
  }
}
