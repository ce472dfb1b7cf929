import type { Attention } from '../../attention/attention.ts'
import type { StoredWorkspace } from '../../db/executions/code-workspaces.ts'
import type { Database } from '../../db/pool.ts'
import type { Economy } from '../../economy/economy.ts'
import type { Outcome } from '../../economy/refusal.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { TestResults } from '../../scenario/measurement.ts'
import type { Services } from '../../service/services.ts'

/** What operations are answered with. */
export interface HandlerParts {
  db: Database
  economy: Economy
  ledger: Ledger
  attention: Attention
  services: Services
  identity: Pick<Identity, 'issueLeaseToken'>
  /** The economy on connections that only bids use, so that slow reads keep none from a batch. */
  admission: Economy
  /** Tests an agent's program in the sandbox, and measures it. */
  testProgram: (workspace: StoredWorkspace) => Promise<Outcome<{ results: TestResults }>>
  /** Tells a market's workflow that there may be work, after a commit that woke it. */
  hint: (marketId: string) => Promise<void>
}
