-- When a lead was listed for the first time: its passport says so for ever, listed_us moves on.
set local search_path = leadex;

alter table lead add column first_listed_us bigint not null default 0;  -- 0: never
update lead set first_listed_us = listed_us where round = 0 and listed_us > 0;
