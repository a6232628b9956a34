-- revision: d8311371c01f

-- The tables take their own indexes and sequences along.
drop table ledger_entries;
drop table holds;
drop table wallet_registry;
drop table link_tokens;

drop type ledger_transaction_type;
drop type hold_status;
drop type wallet_provider;

-- The column's default uses the sequence, and no column owns it: both have to go, in this order.
alter table users drop column integer_id;
drop sequence users_integer_id_seq;
