-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 7)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('column_mapping', 'batch_own_key', 'batch_own_row', 'batch_own_person', 'batch_piece',
  'batch_correction', 'batch_sign');
select 1 / (has_table_privilege('leadex_app', 'leadex.batch_own_row', 'delete')
  and not has_table_privilege('leadex_app', 'leadex.batch_own_row', 'update')
  and not has_table_privilege('leadex_app', 'leadex.batch_piece', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from pg_attribute
  where (attrelid = 'leadex.batch'::regclass and attname = 'corrects_no')
  or (attrelid = 'leadex.batch_reject'::regclass and attname = 'own_column');
