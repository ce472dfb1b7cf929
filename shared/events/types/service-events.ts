import { z } from 'zod'
import { eventType } from './event-type.ts'
import { agentName, credits, moment } from './fields.ts'

const circuit = {
  upstream: z.string(),
  failures: z.number().int().min(0),
}

/** What agents do for one another, and what the economy uses from outside. */
export const serviceEvents = {
  service_registered: eventType(
    'system',
    'The agent in agent_id offers a service, or changed one of that name.',
    {
      service_name: z.string(),
      advertised_cost: credits,
      specification: z.unknown().describe('as the agent wrote it'),
    },
  ),
  service_requested: eventType(
    'system',
    'An agent calls a service; what it pays is set aside by the hold_placed of the same id. Changes nothing itself.',
    {
      call_id: z.uuid().describe('also the id of the hold'),
      caller_agent: agentName,
      provider_agent: agentName,
      service_name: z.string(),
      cost: credits.describe('what is paid when it succeeds'),
      arguments: z.unknown().describe('as the caller wrote them'),
      deadline_at: moment.describe('until when the provider may answer'),
    },
  ),
  service_invoked: eventType(
    'system',
    'A call of a service is over. Counts for its reputation; the credits move by hold and transfer events.',
    {
      call_id: z.string(),
      caller_agent: agentName,
      provider_agent: agentName,
      service_name: z.string(),
      cost: credits.describe('what was paid; 0 when it failed'),
      result: z.enum(['success', 'failure', 'timeout']),
      execution_time_ms: z.number().int().min(0),
    },
  ),
  message_sent: eventType('system', 'An agent wrote to another; the text is not told.', {
    from: agentName,
    to: agentName,
    message_id: z.string(),
  }),
  llm_circuit_opened: eventType(
    'system',
    'Calls to an LLM upstream are not tried for a while. Changes nothing that is rebuilt.',
    circuit,
  ),
  llm_circuit_closed: eventType(
    'system',
    'Calls to an LLM upstream go through again. Changes nothing that is rebuilt.',
    circuit,
  ),
}
