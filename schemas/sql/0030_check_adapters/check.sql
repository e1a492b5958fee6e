-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.check_verifier', 'delete'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.check_code', 'answer', 'update')
  and not has_column_privilege('leadex_app', 'leadex.check_code', 'address_digest', 'update')
  and has_table_privilege('leadex_app', 'leadex.check_code', 'delete'))::integer;
select 1 / (count(*) = 3)::integer from pg_indexes where schemaname = 'leadex'
  and indexname in ('check_code_of_address', 'check_code_waiting', 'check_code_ended');
