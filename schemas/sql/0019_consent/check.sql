-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 4)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('privacy_request', 'erased_lead', 'person_before', 'job_cursor');
select 1 / (not has_table_privilege('leadex_app', 'leadex.erased_lead', 'update')
  and not has_table_privilege('leadex_app', 'leadex.privacy_request', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from pg_trigger where tgrelid = 'leadex.person'::regclass
  and tgname in ('person_taken_over', 'person_freed');
