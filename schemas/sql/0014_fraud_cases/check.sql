-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 3)::integer from pg_indexes where schemaname = 'leadex'
  and indexname in ('lot_picture_waiting', 'fraud_case_by_number', 'fraud_case_of_lot');
select 1 / (has_column_privilege('leadex_app', 'leadex.fraud_case', 'state', 'update')
  and not has_column_privilege('leadex_app', 'leadex.fraud_case', 'events', 'update')
  and not has_table_privilege('leadex_app', 'leadex.fraud_case', 'delete'))::integer;
