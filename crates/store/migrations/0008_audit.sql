-- The audit trail. Its rows name people by the names of audit_people, whose keys are sealed.

create table audit (
    id bigint not null primary key,
    at bigint not null,
    node text not null,
    event text not null,
    actor text not null,
    person text,
    app_id bigint,
    times bigint not null,
    detail text not null,
    sealed text,
    chain text,
    batch bigint,
    place bigint,
    code text
);

create index audit_waiting on audit (id) where batch is null;
create index audit_by_batch on audit (chain, batch, place) where batch is not null;
create index audit_by_person on audit (person, id) where person is not null;

create table audit_batches (
    chain text not null,
    number bigint not null,
    row_count bigint not null,
    until_at bigint not null,
    head text not null,
    primary key (chain, number)
);

create table audit_anchors (
    chain text not null primary key,
    number bigint not null,
    row_count bigint not null,
    until_at bigint not null,
    head text not null,
    code text not null
);

create table audit_people (
    account_id bigint not null primary key,
    name text not null,
    sealed text not null
);

create unique index audit_people_by_name on audit_people (name);

-- What each person agreed to, and the text that the screen showed.

create table consents (
    id bigint not null primary key,
    account_id bigint not null,
    app_id bigint,
    at bigint not null,
    agreed text not null,
    agreed_by text not null,
    text_version text,
    lang text
);

create index consents_by_account on consents (account_id, id);

create table consent_texts (
    version text not null primary key,
    lang text not null,
    shown text not null,
    created_at bigint not null
);
