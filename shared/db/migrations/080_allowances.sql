-- Up Migration

-- What operators give regularly, to an agent or to all agents of an owner together. Periods are numbered from 1970 on;
-- unspent_micro is what may still be there of what was paid.
create table allowances (
  allowance_id bigint generated always as identity primary key,
  market_id text not null references markets,
  agent_id bigint,
  owner text,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000000),
  cap_micro bigint not null check (cap_micro between amount_micro and 1000000000000000000),
  period_seconds integer not null check (period_seconds between 1 and 31536000),
  paid_period bigint not null check (paid_period >= 0),
  unspent_micro bigint not null default 0 check (unspent_micro >= 0),
  given_by text not null,
  given_at timestamptz not null,
  -- Whether its period has a schedule in Temporal; any worker makes those that are missing.
  scheduled boolean not null default false,
  foreign key (market_id, agent_id) references agents (market_id, agent_id),
  foreign key (market_id, owner) references owners (market_id, owner),
  constraint allowance_of_one check (num_nonnulls(agent_id, owner) = 1)
);
create unique index allowance_of_agent on allowances (agent_id) where agent_id is not null;
create unique index allowance_of_owner on allowances (market_id, owner) where owner is not null;
create index allowances_to_pay on allowances (market_id, period_seconds, allowance_id);
create index allowances_unscheduled on allowances (allowance_id) where not scheduled;

create function allowances_pay_forward() returns trigger language plpgsql as $$
begin
  if new.period_seconds = old.period_seconds and new.paid_period < old.paid_period then
    raise exception 'allowance % is paid up to period % already', old.allowance_id, old.paid_period
      using errcode = 'check_violation', constraint = 'allowances_pay_forward';
  end if;
  return new;
end $$;
create trigger allowances_pay_forward before update on allowances
  for each row execute function allowances_pay_forward();

-- What operators do has grown.
drop index outbox_acts;
create index outbox_acts on outbox (batch_id, ordinal) where type in (
  'market_rules_changed', 'market_paused', 'market_resumed', 'market_closed', 'history_restored', 'agent_frozen',
  'agent_unfrozen', 'agent_revived', 'agent_awake', 'agent_token_issued', 'agent_token_revoked', 'lease_token_issued',
  'lease_revoked', 'ledger_adjusted', 'credits_minted', 'human_reward_issued', 'allowance_set', 'allowance_ended');
