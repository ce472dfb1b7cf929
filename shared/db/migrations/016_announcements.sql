-- Up Migration

-- How far a market's events were announced to its agents, and which gateway does that now. The holder records its progress
-- under its name: one that lost the market finds out at its next record.
create table announcements (
  market_id text primary key references markets,
  seq bigint not null default 0 check (seq >= 0),
  event_id uuid,
  epoch integer,
  holder text,
  held_until timestamptz,
  constraint place_is_whole check (num_nulls(event_id, epoch) in (0, 2)),
  constraint held_by_somebody check ((holder is null) = (held_until is null))
);
-- What happened before there were announcements is not news.
insert into announcements (market_id, seq) select market_id, published_seq from publications;
