create table instance (
    id bigint not null primary key,
    proof text not null
);
