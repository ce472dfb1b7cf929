-- Up Migration

-- Where the trace of a refused bid goes on: an admitted bid's stands on its row.
alter table outbox add column parent_span_id text check (parent_span_id ~ '^[0-9a-f]{16}$');

-- The trace context a cycle was opened in, and the batch that told it.
alter table cycles add column traceparent text, add column batch_id bigint;
update cycles c set batch_id = b.batch_id
  from outbox o join event_batches b using (batch_id)
 where o.type = 'cycle_cleared' and o.operation = 'cycle/' || c.number and b.market_id = c.market_id
   and b.at >= c.effective_at;

-- Events about one bid that no cycle told; those a cycle told stand in its batch.
create index outbox_about_bids on outbox (correlation_id)
  where type in ('bid_rejected', 'bid_cancelled', 'bid_expired', 'lease_ended');
create index outbox_refusals on outbox (event_id) where type = 'bid_rejected';

-- Up to which event a market's spans were sent to whoever collects traces; claimed by one process at a time.
create table span_emissions (
  market_id text primary key references markets,
  told_seq bigint not null check (told_seq >= 0),
  claimed_until timestamptz not null default '-infinity'
);
