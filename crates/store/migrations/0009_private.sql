-- What is known of a person and need not be searched, sealed: gender, birth, linking information.
alter table accounts add column private text;
