-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_indexes where indexname = 'claw_back_open';
select 1 / (not has_column_privilege('leadex_app', 'leadex.claw_back', 'amount', 'update'))::integer;
select 1 / (not has_table_privilege('leadex_app', 'leadex.claw_back', 'delete'))::integer;
