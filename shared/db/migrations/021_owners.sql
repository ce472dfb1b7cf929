-- Up Migration

-- Who answers for agents. Its row is locked before those of its agents, so that what they do together has one limit.
create table owners (
  market_id text not null references markets,
  owner text not null,
  bucket_millionths bigint check (bucket_millionths >= 0),
  bucket_at timestamptz,
  primary key (market_id, owner)
);
insert into owners (market_id, owner) select distinct market_id, owner from agents where owner is not null;
alter table agents add foreign key (market_id, owner) references owners (market_id, owner);
create index agents_of_owner on agents (market_id, owner) where owner is not null;
