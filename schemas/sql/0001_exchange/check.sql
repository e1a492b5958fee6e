-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 6)::integer from pg_trigger where tgname like '%\_append\_only';
select 1 / (not has_table_privilege('leadex_app', 'leadex.transfer', 'update'))::integer;
select 1 / (not has_table_privilege('leadex_app', 'leadex.audit', 'delete'))::integer;
select 1 / (not has_table_privilege('leadex_app', 'leadex.auction', 'update'))::integer;
select 1 / (not has_table_privilege('leadex_app', 'leadex.commit_batch', 'delete'))::integer;
select 1 / (not has_schema_privilege('leadex_app', 'leadex', 'create'))::integer;
