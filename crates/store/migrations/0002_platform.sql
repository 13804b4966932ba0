alter table links add column signup_due bigint;
alter table links add column synched_at bigint;
alter table links add column terms text not null default '{}';
alter table links add column properties text not null default '{}';
alter table links add column channels text not null default '[]';

create index links_by_signup_due on links (signup_due) where signup_due is not null;

alter table codes add column tx_id text;

create table shipping_addresses (
    id bigint not null primary key,
    account_id bigint not null,
    version bigint not null,
    is_default boolean not null,
    updated_at bigint not null,
    fields text not null
);

create index shipping_addresses_by_account on shipping_addresses (account_id, updated_at);

create table agts (
    id text not null primary key,
    grant_id bigint not null,
    expires_at bigint not null,
    spent_at bigint
);

create index agts_by_expiry on agts (expires_at);

create table parked_codes (
    id text not null primary key,
    app_id bigint not null,
    answer text,
    expires_at bigint not null,
    read_at bigint
);

create index parked_codes_by_expiry on parked_codes (expires_at);

create table deliveries (
    id bigint not null primary key,
    app_id bigint not null,
    kind text not null,
    payload text not null,
    state text not null,
    created_at bigint not null,
    due_at bigint,
    lease text,
    attempts bigint not null,
    result text
);

create index deliveries_by_due on deliveries (due_at) where due_at is not null;
create index deliveries_by_lease on deliveries (lease) where lease is not null;
create index deliveries_by_app on deliveries (app_id, kind, state);
create index deliveries_by_age on deliveries (created_at);

create table webhook_states (
    app_id bigint not null,
    kind text not null,
    url text not null,
    failures bigint not null,
    paused_at bigint,
    primary key (app_id, kind)
);

create index links_by_member on links (app_id, user_id) where connected and signup_due is null;
