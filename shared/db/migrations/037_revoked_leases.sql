-- Up Migration

-- An operator may end a lease early: it is revoked, ends when that was done, and its payer may have the credits back.
alter table leases drop constraint leases_status_check;
alter table leases add constraint leases_status_check check (status in ('active', 'ended', 'revoked'));
alter table leases add column refunded boolean not null default false;
alter table leases add constraint only_revoked_leases_are_refunded check (not refunded or status = 'revoked');
-- Connections that live on the tokens of revoked leases are looked for by this.
create index leases_revoked on leases (ends_at) where status = 'revoked';
