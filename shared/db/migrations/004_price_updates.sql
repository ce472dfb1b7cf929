-- Up Migration

-- A market's own clock stands still while it is paused, so that prices neither age nor move for time nobody could
-- bid in: paused_ms is what its finished pauses add up to.
alter table markets
  add column paused_at timestamptz,
  add column paused_ms bigint not null default 0 check (paused_ms >= 0);
update markets set paused_at = date_trunc('milliseconds', clock_timestamp()) where status = 'paused';
alter table markets
  add constraint paused_since check ((status = 'paused') = (paused_at is not null));

-- The period that the market's price schedule and its rule last agreed on: whichever differs was changed since.
alter table markets
  add column scheduled_period_seconds integer check (scheduled_period_seconds >= 1);

-- What the market's pauses had added up to at the time of the tick, and of the cycle.
alter table prices add column paused_ms bigint not null default 0 check (paused_ms >= 0);
alter table cycles add column paused_ms bigint not null default 0 check (paused_ms >= 0);

create index cycles_effective on cycles (market_id, effective_at) where status = 'settled';
