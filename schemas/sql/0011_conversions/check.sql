-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 4)::integer from pg_tables where schemaname = 'leadex'
  and tablename in ('acquisition', 'conversion', 'estimate_version', 'postback_token');
