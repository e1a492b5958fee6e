-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 6)::integer from pg_indexes where schemaname = 'leadex'
  and indexname in ('planted_contact_email', 'planted_contact_phone', 'posted_signs_waiting',
    'posted_mark_of_day', 'fraud_case_of_lot', 'fraud_case_of_planted');
select 1 / (has_column_privilege('leadex_app', 'leadex.planted_contact', 'retired_at', 'update')
  and not has_column_privilege('leadex_app', 'leadex.planted_contact', 'email_digest', 'update')
  and not has_table_privilege('leadex_app', 'leadex.planted_contact', 'delete'))::integer;
select 1 / (count(*) = 0)::integer from leadex.lot_picture
  where cardinality(leads) <> 8 or cardinality(events) <> 8;
