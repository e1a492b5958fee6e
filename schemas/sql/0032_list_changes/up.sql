-- Uploads look once whom the lists have, and as they store a chunk only at who came since.
set local search_path = leadex;

alter table suppression add column added xid8;  -- the transaction; null: before this migration
alter table suppression alter column added set default pg_current_xact_id();
create index suppression_by_added on suppression (added) where added is not null;
