-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_column_privilege('leadex_app', 'leadex.key_epoch', 'destroyed_at', 'update')
  and not has_column_privilege('leadex_app', 'leadex.key_epoch', 'check_value', 'update')
  and not has_table_privilege('leadex_app', 'leadex.key_epoch', 'delete'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.lead_key', 'wrapped', 'update')
  and has_column_privilege('leadex_app', 'leadex.lead_key', 'kek_id', 'update')
  and not has_column_privilege('leadex_app', 'leadex.lead_key', 'lead_no', 'update'))::integer;
