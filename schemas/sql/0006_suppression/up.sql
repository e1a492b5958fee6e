-- Buyers' own lists of persons whose leads they do not want, and the names that a consent for named
-- companies is held against.
set local search_path = leadex;

create table suppression (                -- a person on a buyer's own list; acts at match time only
  tenant_no bigint not null,
  digest bytea not null check (octet_length(digest) = 16),  -- blind index, as in table person
  field smallint not null check (field in (0, 1)),          -- 0 e-mail 1 phone
  created_at timestamptz not null,
  primary key (tenant_no, digest)
);
create index suppression_by_digest on suppression (digest, tenant_no);

create table suppression_list (           -- how long such a list is
  tenant_no bigint primary key,
  emails bigint not null default 0 check (emails >= 0),
  phones bigint not null default 0 check (phones >= 0),
  since timestamptz                       -- of its first entry; null: empty
);

grant select, insert, delete on suppression to leadex_app;
grant select, insert, update on suppression_list to leadex_app;

-- Blanks collapsed, case folded; null for accounts that buy nothing. New ones bring it along.
alter table tenant add column name_key text;
update tenant set name_key = normalize(replace(replace(lower(
    normalize(regexp_replace(btrim(name, E' \t\n\r'), '\s+', ' ', 'g'), nfc) collate "und-x-icu"),
    'ß', 'ss'), 'ς', 'σ'), nfc)
  where role = 'buyer';
create index tenant_by_name_key on tenant (name_key) where name_key is not null;
