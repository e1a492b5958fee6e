-- Leads by the time of their capture, for reports of sources.
set local search_path = leadex;

create index lead_captured on lead (market_id, captured_us, lead_no) include (tenant_no);
