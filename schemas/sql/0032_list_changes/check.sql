-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex'
  and indexname = 'suppression_by_added';
select 1 / (count(*) = 1)::integer from information_schema.columns where table_schema = 'leadex'
  and table_name = 'suppression' and column_name = 'added'
  and column_default = 'pg_current_xact_id()';
