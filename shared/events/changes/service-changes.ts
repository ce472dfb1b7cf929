import type { serviceEvents } from '../types/service-events.ts'
import { agentIdOf, type ChangesOf, changesNothing, EventDoesNotFit, microOf } from './change.ts'

export const serviceChanges: ChangesOf<typeof serviceEvents> = {
  service_registered(state, event) {
    const { service_name: name, advertised_cost: cost, specification } = event.data
    const place = `${agentIdOf(event)}/${name}`
    const { succeeded, failed } = state.services.get(place) ?? { succeeded: 0, failed: 0 }
    state.services.set(place, { costMicro: microOf(event, cost), specification, succeeded, failed })
  },
  service_requested: changesNothing,
  service_invoked(state, event) {
    const { provider_agent: provider, service_name: name, result } = event.data
    const service = state.services.get(`${provider}/${name}`)
    if (service === undefined) throw new EventDoesNotFit(event, `${provider} offers no service ${name}`)
    if (result === 'success') service.succeeded += 1
    else service.failed += 1
  },
  message_sent: changesNothing,
  llm_circuit_opened: changesNothing,
  llm_circuit_closed: changesNothing,
}
