-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.taxonomy_version', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.taxonomy_version', 'update')
  and not has_table_privilege('leadex_app', 'leadex.taxonomy_version', 'delete'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.lead_source', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.lead_source', 'update')
  and not has_table_privilege('leadex_app', 'leadex.lead_source', 'delete'))::integer;
