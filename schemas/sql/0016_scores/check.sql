-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_attribute where attrelid = 'leadex.lead'::regclass and attname = 'score_facts';
select 1 / (count(*) = 3)::integer from pg_trigger where tgname in ('disposition_append_only', 'lead_outcome_append_only', 'lead_estimate_append_only');
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex' and indexname = 'disposition_end' and indexdef like '%UNIQUE%';
select 1 / (has_table_privilege('leadex_app', 'leadex.disposition', 'insert')
  and has_table_privilege('leadex_app', 'leadex.lead_outcome', 'insert')
  and has_table_privilege('leadex_app', 'leadex.lead_estimate', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.disposition', 'update')
  and not has_table_privilege('leadex_app', 'leadex.lead_outcome', 'delete'))::integer;
