-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 4)::integer from pg_indexes where schemaname = 'leadex'
  and indexname in ('finding_by_number', 'finding_open', 'finding_of_lead', 'conversion_rejected');
select 1 / (has_column_privilege('leadex_app', 'leadex.finding', 'state', 'update')
  and not has_column_privilege('leadex_app', 'leadex.finding', 'seen', 'update')
  and not has_table_privilege('leadex_app', 'leadex.finding', 'delete'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.holdout_outcome', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.holdout_outcome', 'update'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.judged_period', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.judged_period', 'update'))::integer;
