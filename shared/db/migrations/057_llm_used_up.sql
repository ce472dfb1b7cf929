-- Up Migration

-- A call was refused because what is left of the lease would not do for it.
alter table llm_budgets add column was_used_up boolean not null default false;
