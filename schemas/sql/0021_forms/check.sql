-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_column_privilege('leadex_app', 'leadex.form', 'paused', 'update')
  and not has_column_privilege('leadex_app', 'leadex.form', 'tenant_no', 'update'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.form_version', 'insert')
  and not has_any_column_privilege('leadex_app', 'leadex.form_version', 'update')
  and not has_table_privilege('leadex_app', 'leadex.form_version', 'delete'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.form_submission', 'delete')
  and not has_column_privilege('leadex_app', 'leadex.form_submission', 'body', 'update'))::integer;
