-- Who judges a market's checks beside people: an endpoint, or the person itself by a one-time code.
set local search_path = leadex;

create table check_verifier (             -- acts in the name of a verifier's account
  market_id bigint primary key,
  kind text not null check (kind in ('http', 'email_code', 'sms_code')),
  tenant_no bigint not null,              -- the verifier's account
  principal_no bigint not null,
  url text check (char_length(url) <= 2048),
  secret_sealed bytea,                    -- what requests are signed with
  deliver_contact boolean not null,       -- a contract allows it
  subject text check (char_length(subject) <= 200),
  text text check (char_length(text) <= 500),
  wait_hours integer not null check (wait_hours between 1 and 72),
  set_at timestamptz not null,
  check ((kind = 'email_code') = (url is null)),
  check ((url is null) = (secret_sealed is null)),
  check (kind = 'http' or not deliver_contact)
);

create table check_code (                 -- a person who was asked by a one-time code; holds no address
  market_id bigint not null,
  check_no bigint not null,
  attempt smallint not null check (attempt between 1 and 3),
  tenant_no bigint not null,              -- the account in whose name
  principal_no bigint not null,
  address_digest bytea check (length(address_digest) = 16),  -- null: none there, the check is left to people
  begun_at timestamptz not null,
  expires_at timestamptz not null,
  tries integer not null default 0 check (tries >= 0),       -- to hand the message over
  tried_at timestamptz,
  sent_at timestamptz,
  answered_at timestamptz,
  answer text check (answer in ('yes', 'no', 'refused')),    -- refused: no message can get there
  ended_at timestamptz,                   -- its verdict is recorded, or there is none to record
  primary key (market_id, check_no, attempt),
  check ((answer is null) = (answered_at is null)),
  check (address_digest is not null or ended_at is not null)
);
create index check_code_of_address on check_code (address_digest, begun_at) where address_digest is not null;
create index check_code_waiting on check_code (expires_at) where ended_at is null;
create index check_code_ended on check_code (ended_at) where ended_at is not null;

grant select, insert, update, delete on check_verifier to leadex_app;
grant select, insert, delete on check_code to leadex_app;
grant update (tries, tried_at, sent_at, answered_at, answer, ended_at) on check_code to leadex_app;
