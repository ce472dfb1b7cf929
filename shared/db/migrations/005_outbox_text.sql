-- Up Migration

-- Events are written and published as they were emitted: kept as text, checked to be JSON, they cost less to write.
alter table outbox alter column data type json;
