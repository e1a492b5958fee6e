-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_column_privilege('leadex_app', 'leadex.batch', 'decision_reason_sealed', 'update'))::integer;
