-- Up Migration

-- A run of benchmark scenarios: what it was asked for, with everything that is needed to do it again.
create table scenario_runs (
  run_id text primary key check (run_id ~ '^[a-z0-9][a-z0-9-]{0,23}$'),
  manifest jsonb not null,
  -- Scenarios, the agent and the judges as they were given: files may change, a run does not.
  inputs jsonb not null,
  created_at timestamptz not null,
  finished_at timestamptz
);
create index scenario_runs_newest on scenario_runs (created_at desc);

-- One attempt at one trial of one scenario. An agent runs at most once in an attempt; when our side failed, the next attempt
-- begins in a market of its own.
create table scenario_trials (
  run_id text not null references scenario_runs on delete cascade,
  scenario_id text not null,
  trial integer not null check (trial >= 1),
  attempt integer not null check (attempt >= 1),
  market_id text not null,
  status text not null check (status in ('preparing', 'running', 'ended', 'finished')),
  -- The worker that runs the agent.
  runner text,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  finished_at timestamptz,
  -- The last event that the agent's acts may be in, and the last that the verdict rests on.
  end_seq bigint,
  verdict_seq bigint,
  termination jsonb,
  -- As it was written down: a verdict is compared byte for byte.
  verdict text,
  -- Why there is no verdict, where our side failed.
  problem text,
  artefacts jsonb,
  cost_micro bigint not null default 0 check (cost_micro >= 0),
  primary key (run_id, scenario_id, trial, attempt),
  check ((status in ('ended', 'finished')) = (ended_at is not null)),
  check ((status = 'finished') = (finished_at is not null)),
  check (status <> 'finished' or (verdict is null) <> (problem is null))
);
create unique index scenario_trials_market on scenario_trials (market_id);
