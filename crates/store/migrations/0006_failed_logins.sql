-- Failed log-ins by browsers that had not logged in to the account before: one row for each account, so that all nodes
-- slow guesses together.

create table failed_logins (
    account_id bigint not null primary key,
    failures bigint not null,
    last_at bigint not null
);

create index failed_logins_by_time on failed_logins (last_at);
