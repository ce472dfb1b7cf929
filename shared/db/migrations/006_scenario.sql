-- Up Migration

-- The benchmark scenario a market was made for: each of its events carries it.
alter table market_sequences add column scenario_id text check (length(scenario_id) between 1 and 200);
