create index links_by_account on links (account_id, app_id);
create index accounts_by_age on accounts (created_at, id);
