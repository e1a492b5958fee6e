-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 3)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('privacy_request', 'erased_lead', 'person_before');
select 1 / (not has_table_privilege('leadex_app', 'leadex.erased_lead', 'update')
  and not has_table_privilege('leadex_app', 'leadex.privacy_request', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from pg_trigger where tgrelid = 'leadex.person'::regclass
  and tgname in ('person_taken_over', 'person_freed');
select 1 / (count(*) = 2)::integer from pg_trigger where tgrelid = 'leadex.click'::regclass
  and tgname in ('click_append_only', 'click_forgets_visitor');
