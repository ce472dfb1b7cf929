-- Up Migration

-- A revocation is told as an act of an operator and is looked for by the bid whose lease it ended.
create index outbox_revoked_leases on outbox ((data ->> 'bid_id')) where type = 'lease_revoked';
