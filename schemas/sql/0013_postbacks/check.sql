-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.postback', 'insert')
  and has_column_privilege('leadex_app', 'leadex.postback', 'status', 'update')
  and not has_column_privilege('leadex_app', 'leadex.postback', 'outcome', 'update'))::integer;
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex' and indexname = 'conversion_noted';
select 1 / (count(*) = 1)::integer from pg_attribute where attrelid = 'leadex.acquisition'::regclass and attname = 'visit';
select 1 / (count(*) = 2)::integer from pg_attribute where attrelid = 'leadex.campaign_counter'::regclass and attname in ('day_visits', 'visit_turn');
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex' and indexname = 'conversion_transaction' and indexdef like '%confirmed%';
