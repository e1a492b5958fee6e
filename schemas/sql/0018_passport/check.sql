-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_attribute
  where attrelid = 'leadex.lead'::regclass and attname = 'first_listed_us' and attnotnull;
