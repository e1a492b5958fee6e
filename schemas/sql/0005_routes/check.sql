-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 4)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('campaign_source_counter', 'deal', 'source_terms', 'lead_withheld');
select 1 / (has_column_privilege('leadex_app', 'leadex.deal', 'state', 'update')
  and not has_column_privilege('leadex_app', 'leadex.deal', 'price_micros', 'update'))::integer;
