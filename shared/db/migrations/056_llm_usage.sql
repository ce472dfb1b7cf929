-- Up Migration

-- What calls that are kept no longer came to, by lease and model: with those that are kept they make up the budgets.
create table llm_usage (
  lease_id uuid not null references llm_budgets,
  model text not null,
  market_id text not null references markets,
  agent_id bigint not null references agents,
  calls bigint not null check (calls >= 1),
  failed bigint not null check (failed between 0 and calls),
  prompt_tokens bigint not null check (prompt_tokens >= 0),
  completion_tokens bigint not null check (completion_tokens >= 0),
  charged_tokens bigint not null check (charged_tokens >= 0),
  cost_micro bigint not null check (cost_micro >= 0),
  primary key (lease_id, model)
) with (fillfactor = 70);
create index llm_usage_by_market on llm_usage (market_id);

-- Calls that were refused before anything was set aside for them: a row for each lease, reason, model and second.
create table llm_refusals (
  second timestamptz not null,
  lease_id uuid not null references leases,
  code text not null check (length(code) between 1 and 63),
  -- Empty: the call came to no model that is served.
  model text not null check (length(model) <= 200),
  calls bigint not null check (calls >= 1),
  primary key (second, lease_id, code, model)
);
