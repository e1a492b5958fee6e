-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 0)::integer from leadex.sale where model <> 0;
