-- The table of pending results gets its name. SQLite cannot rename an index, so that is made again.

alter table parked_codes rename to pending_results;

drop index parked_codes_by_expiry;

create index pending_results_by_expiry on pending_results (expires_at);
