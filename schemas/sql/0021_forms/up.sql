-- Hosted forms: what they show, what became of their visits, and what was sent in but not confirmed.
set local search_path = leadex;

create table form (
  market_id bigint not null,
  form_no bigint not null,
  tenant_no bigint not null,
  version integer not null check (version >= 1),  -- that is shown
  paused boolean not null default false,
  created_at timestamptz not null,
  primary key (market_id, form_no)
);
create index form_by_tenant on form (tenant_no, created_at);

create table form_version (               -- never changed: consents name it
  market_id bigint not null,
  form_no bigint not null,
  version integer not null check (version >= 1),
  definition text not null,               -- JSON as accepted
  created_at timestamptz not null,
  primary key (market_id, form_no, version)
);

create table form_submission (            -- one for each page that was sent in; kept for 72 hours
  market_id bigint not null,
  form_no bigint not null,
  token bytea not null check (octet_length(token) = 16),  -- of the page
  body bytea not null check (octet_length(body) = 32),    -- keyed hash of what was sent
  sent_at timestamptz not null,
  sealed bytea,                           -- what waits for its confirmation, under the secret box
  mail smallint not null default 0 check (mail between 0 and 3),  -- 0 none, 1 due, 2 sent, 3 given up
  mail_tries smallint not null default 0,
  mail_due_at timestamptz not null,
  confirmed_at timestamptz,
  primary key (market_id, form_no, token)
);
create index form_submission_by_time on form_submission (sent_at);
create index form_submission_mail on form_submission (mail_due_at) where mail = 1;

create table form_mail (                  -- one mail to an address a UTC day
  day integer not null,
  address bytea not null check (octet_length(address) = 16),  -- keyed hash
  primary key (day, address)
);

create table form_count (                 -- by UTC day since 1970
  market_id bigint not null,
  form_no bigint not null,
  day integer not null,
  step smallint not null check (step >= 0),
  n bigint not null check (n >= 0),
  primary key (market_id, form_no, day, step)
);

grant select, insert on form, form_version, form_submission, form_mail, form_count to leadex_app;
grant update (version, paused) on form to leadex_app;
grant update (sealed, mail, mail_tries, mail_due_at, confirmed_at) on form_submission to leadex_app;
grant update on form_count to leadex_app;
grant delete on form_submission, form_mail to leadex_app;
create trigger form_version_append_only before update or delete or truncate on form_version
  for each statement execute function append_only();
