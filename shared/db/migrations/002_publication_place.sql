-- Up Migration

-- Where in its stream the event published_seq stands, so that a publisher starts from there. A stream made anew has
-- another stream_created (as NATS writes it, to the nanosecond); stream_removed is how many of the stream's
-- sequences up to its end held no message when that place was found.
alter table publications
  add column stream_created text,
  add column stream_sequence bigint,
  add column stream_removed bigint,
  add constraint place_is_whole check (num_nulls(stream_created, stream_sequence, stream_removed) in (0, 3));
