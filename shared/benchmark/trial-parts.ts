import type { Economy } from '../economy/economy.ts'
import type { Outcome } from '../economy/refusal.ts'
import type { BourseEvent } from '../events/envelope.ts'
import type { Identity } from '../identity/identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { AgentTask } from '../scenario/situation.ts'
import type { Workspace } from '../scenario/workspace.ts'
import type { Services } from '../service/services.ts'

/** A change that an agent proposed to its program, as it is handed on. */
export interface ProposedChange {
  changeId: string
  targetModule: string
  changeDescription: string
  expectedImprovement: string
  newText: string
}

/** What trials do to their markets: every change by the way that operators and agents take. */
export interface TrialParts {
  economy: Economy
  ledger: Ledger
  services: Services
  identity: Identity
  sendMessage(message: {
    marketId: string
    from: string
    to: string
    text: string
    key: string
  }): Promise<Outcome<object>>
  /** Posts prices by hand, once under its key. */
  postPrices(posted: { marketId: string; key: string; pricesMicro: Record<string, number> }): Promise<void>
  giveTask(marketId: string, agent: string, task: AgentTask, deadlineSeconds: number): Promise<void>
  /** Gives an agent a program to improve, once; `files` stand in place of the workspace's own. */
  giveWorkspace(
    marketId: string,
    agent: string,
    workspace: Workspace,
    handedOn: { files?: Record<string, string>; proposed?: ProposedChange },
  ): Promise<void>
  /** The change the agent proposed last; null: none. */
  readProposed(marketId: string, agent: string): Promise<ProposedChange | null>
  /** The files of an agent's program as they stand now; null: it has none. */
  readFiles(marketId: string, agent: string): Promise<Record<string, string> | null>
  /** Ids of the leases that an agent has now. */
  listActiveLeases(marketId: string, agent: string): Promise<string[]>
  /** Ids of the leases of a market that last, whoever has them, at most `limit`. */
  listLeases(marketId: string, limit: number): Promise<string[]>
  /** What calls to models on leases of a market cost, in millionths. */
  readModelCost(marketId: string): Promise<number>
  /** Whether something was told under this key. */
  wasTold(marketId: string, key: string): Promise<boolean>
  /** The market's last event. */
  readLastSeq(marketId: string): Promise<number>
  /** Events from the stream, from the first to `untilSeq`, each once and in order. */
  collect(marketId: string, untilSeq: number): Promise<BourseEvent[]>
  /** Events from the stream after `afterSeq`, as they come. */
  follow(marketId: string, afterSeq: number, signal: AbortSignal): AsyncIterable<BourseEvent>
  /** Whether a bid of the agent waits for a cycle, or a call for its answer. */
  hasOpenBusiness(marketId: string, agent: string): Promise<boolean>
}
