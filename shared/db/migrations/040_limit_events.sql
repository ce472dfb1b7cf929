-- Up Migration

-- Events before trimmed_seq are removed from stream and outbox; until limiting_until somebody is at work limiting them.
alter table publications
  add column trimmed_seq bigint not null default 1 check (trimmed_seq >= 1),
  add column limiting_until timestamptz;
create index markets_limiting_events on markets (market_id) where rules ->> 'eventsKept' is not null;
