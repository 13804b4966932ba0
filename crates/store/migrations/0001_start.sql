create table apps (
    id bigint not null primary key,
    version bigint not null,
    settings text not null,
    created_at bigint not null
);

create table app_keys (
    app_key text not null primary key,
    app_id bigint not null,
    kind text not null,
    position bigint not null,
    epoch bigint not null,
    deleted boolean not null,
    settings text not null,
    secret_hash text,
    sealed text
);

create index app_keys_by_app on app_keys (app_id);

create table accounts (
    id bigint not null primary key,
    version bigint not null,
    epoch bigint not null,
    restricted boolean not null,
    agreed_to_terms boolean not null,
    attributes text not null,
    password_hash text,
    sealed_password text,
    created_at bigint not null
);

create table logins (
    login text not null primary key,
    account_id bigint not null
);

create index logins_by_account on logins (account_id);

create table links (
    app_id bigint not null,
    account_id bigint not null,
    user_id bigint not null,
    version bigint not null,
    epoch bigint not null,
    connected boolean not null,
    connected_at bigint not null,
    consents text not null,
    primary key (app_id, account_id)
);

create unique index links_by_user_id on links (app_id, user_id);

create table sessions (
    id text not null primary key,
    account_id bigint not null,
    auth_time bigint not null,
    expires_at bigint not null,
    account_epoch bigint not null,
    device text not null,
    address text not null
);

create index sessions_by_expiry on sessions (expires_at);

create table codes (
    id text not null primary key,
    app_id bigint not null,
    app_key text not null,
    account_id bigint not null,
    redirect_uri text not null,
    scopes text not null,
    openid boolean not null,
    nonce text,
    code_challenge text,
    auth_time bigint not null,
    session_id text not null,
    device text not null,
    address text not null,
    link_epoch bigint not null,
    account_epoch bigint not null,
    key_epoch bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    spent_at bigint,
    grant_id bigint
);

create index codes_by_expiry on codes (expires_at);

create table grants (
    id bigint not null primary key,
    app_id bigint not null,
    app_key text not null,
    account_id bigint not null,
    scopes text not null,
    openid boolean not null,
    nonce text,
    auth_time bigint not null,
    session_id text not null,
    device text not null,
    address text not null,
    link_epoch bigint not null,
    account_epoch bigint not null,
    key_epoch bigint not null,
    created_at bigint not null,
    refresh_generation bigint not null,
    refresh_expires_at bigint not null,
    rotated_at bigint,
    ended_at bigint,
    ended_why text
);

create index grants_by_expiry on grants (refresh_expires_at);

create table signing_keys (
    kid text not null primary key,
    sealed text not null,
    created_at bigint not null
);
