-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 2)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('privacy_progress', 'retention_walk');
select 1 / (count(*) = 3)::integer from pg_index where indrelid = 'leadex.privacy_request'::regclass
  and indpred is not null;
select 1 / (has_column_privilege('leadex_app', 'leadex.privacy_request', 'look_at', 'update')
  and not has_table_privilege('leadex_app', 'leadex.privacy_progress', 'delete')
  and not has_table_privilege('leadex_app', 'leadex.retention_walk', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from pg_trigger where tgrelid = 'leadex.person'::regclass
  and tgname in ('person_taken_over', 'person_freed');
