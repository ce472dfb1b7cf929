/** Service calls `c` with what each sets aside and the names of both sides; a `where` follows. */
export const SELECT_SERVICE_CALLS = `
  select c.*, h.amount_micro, caller.name as caller, provider.name as provider
    from service_calls c
    join holds h on h.hold_id = c.call_id
    join agents caller on caller.agent_id = c.caller_id
    join agents provider on provider.agent_id = c.provider_id`
