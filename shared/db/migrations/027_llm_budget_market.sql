-- Up Migration

alter table llm_budgets add column market_id text references markets;
update llm_budgets b set market_id = l.market_id from leases l where l.lease_id = b.lease_id;
alter table llm_budgets alter column market_id set not null;
create index llm_budgets_by_market on llm_budgets (market_id);
