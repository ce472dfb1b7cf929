-- Up Migration

-- Which cycle looked at the waiting bids last, the longest ago first: whether any is new, and whether one that was
-- passed over may fit now.
create index bids_pending_by_look on bids (market_id, last_considered_cycle) where status = 'pending';
