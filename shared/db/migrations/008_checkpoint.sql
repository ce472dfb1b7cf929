-- Up Migration

-- Where a market's kept events begin: stream and outbox hold none before first_seq, which is 1 or the first part of a
-- checkpoint. checkpoint_seq is the first part of the newest checkpoint, from which they may begin once it is published.
alter table publications
  add column first_seq bigint not null default 1 check (first_seq >= 1),
  add column checkpoint_seq bigint,
  add constraint begins_with_a_checkpoint check (first_seq = 1 or (checkpoint_seq is not null and first_seq <= checkpoint_seq));
