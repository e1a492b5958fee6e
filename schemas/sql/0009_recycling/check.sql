-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.lead_rest', 'update')
  and not has_table_privilege('leadex_app', 'leadex.lead_rest', 'delete'))::integer;
