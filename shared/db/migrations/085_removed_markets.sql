-- Up Migration

-- Markets of benchmark runs are not kept for ever. What is left of one that was removed: this row, and its agents' names.
alter table markets
  add column removed_at timestamptz,
  add constraint only_closed_benchmark_markets_are_removed
    check (removed_at is null or (status = 'closed' and market_id like 'bench-%'));

-- The past of any other market stands.
create function only_history_of_removed_markets_goes() returns trigger language plpgsql as $$
begin
  if not exists (select from markets where market_id = old.market_id and removed_at is not null) then
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
drop trigger history_stands on transactions;
create trigger history_stands before update on transactions
  for each statement execute function history_stands();
create trigger only_history_of_removed_markets_goes before delete on transactions
  for each row execute function only_history_of_removed_markets_goes();
drop trigger history_stands on transfers;
create trigger history_stands before update on transfers
  for each statement execute function history_stands();
create trigger only_history_of_removed_markets_goes before delete on transfers
  for each row execute function only_history_of_removed_markets_goes();

-- When the markets of a run were given up: its verdicts stay, and it is not gone on with.
alter table scenario_runs add column pruned_at timestamptz;
