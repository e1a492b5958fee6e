-- Why an admin judged a lot that too few people of could be reached; may name persons, so it is sealed.
alter table leadex.batch add column decision_reason_sealed bytea;
