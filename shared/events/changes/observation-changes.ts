import type { agentEvents } from '../types/agent-events.ts'
import type { judgeEvents } from '../types/judge-events.ts'
import { type ChangesOf, changesNothing } from './change.ts'

/** What agents and judges say is kept in the stream alone. */
export const observationChanges: ChangesOf<typeof agentEvents & typeof judgeEvents> = {
  tool_call_initiated: changesNothing,
  tool_call_completed: changesNothing,
  reasoning_trace: changesNothing,
  reflection: changesNothing,
  output_submitted: changesNothing,
  code_change_proposed: changesNothing,
  code_change_applied: changesNothing,
  judge_evaluation: changesNothing,
  judge_reply_refused: changesNothing,
}
