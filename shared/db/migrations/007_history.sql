-- Up Migration

-- One row. event_key proves which messages of a stream these programs published: a publisher that finds proven events
-- its table does not have knows that the table lost them, and that nobody made them up.
create table installation (
  only_row boolean primary key default true check (only_row),
  event_key uuid not null default gen_random_uuid()
);
insert into installation default values;

-- Set while publication is halted: the stream goes on after event diverged_after with proven events of this epoch that
-- are not in the table.
alter table publications
  add column diverged_after bigint,
  add column diverged_epoch integer,
  add constraint divergence_is_whole check (num_nulls(diverged_after, diverged_epoch) in (0, 2));

-- A message of a stream is at most a mebibyte; an event that could never be published must not commit.
alter table outbox add constraint fits_into_a_message check (octet_length(data::text) <= 917504);
