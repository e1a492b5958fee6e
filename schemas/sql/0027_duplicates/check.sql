-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname = 'group_hold' and relpersistence = 'u';
select 1 / (count(*) = 1)::integer from information_schema.columns where table_schema = 'leadex'
  and table_name = 'market' and column_name = 'dedupe_group';
select 1 / has_table_privilege('leadex_app', 'leadex.group_hold', 'delete')::integer;
