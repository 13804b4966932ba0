-- Sealing keys besides those of the key file, wrapped under its first key; signing keys that sign no more.

create table sealing_keys (
    id bigint not null primary key,
    wrapped text not null,
    created_at bigint not null,
    seals_from bigint not null
);

alter table signing_keys add column retired_at bigint;
