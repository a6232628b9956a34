-- revision: d8311371c01f
-- revises: 4c876238cdeb
-- description: integer keys, link tokens, wallet registry, holds, ledger entries

create sequence users_integer_id_seq as bigint;

-- The new column of a table that has rows: first the default, so that every row from now on has a
-- number, then the rows that were there before, and only then "not null", which looks at every row.
-- The sequence is owned by no column, so the down script drops it by name.
alter table users add column integer_id bigint;
alter table users alter column integer_id set default nextval('users_integer_id_seq');
update users set integer_id = nextval('users_integer_id_seq') where integer_id is null;
alter table users alter column integer_id set not null;

create unique index ix_users_integer_id on users (integer_id);

create type wallet_provider as enum ('fincra', 'paystack', 'flutterwave');
create type hold_status as enum ('active', 'released', 'captured');
create type ledger_transaction_type as enum ('debit', 'credit');

create table link_tokens (
  id bigserial not null,
  external_id uuid not null,
  user_id uuid not null,
  token character varying(255) not null,
  provider wallet_provider not null,
  is_consumed boolean not null default false,
  created_at timestamp without time zone not null default now(),
  expires_at timestamp without time zone not null,
  consumed_at timestamp without time zone,
  constraint link_tokens_pkey primary key (id)
);

create unique index ix_link_tokens_external_id on link_tokens (external_id);
create unique index ix_link_tokens_token on link_tokens (token);
create index ix_link_tokens_user_id on link_tokens (user_id);

create table wallet_registry (
  id bigserial not null,
  external_id uuid not null,
  user_id uuid not null,
  provider wallet_provider not null,
  provider_account_id character varying(255) not null,
  provider_customer_id character varying(255),
  metadata json,
  is_active boolean not null default true,
  created_at timestamp without time zone not null default now(),
  updated_at timestamp without time zone not null default now(),
  constraint wallet_registry_pkey primary key (id)
);

create unique index ix_wallet_registry_external_id on wallet_registry (external_id);
create index ix_wallet_registry_user_id on wallet_registry (user_id);

create table holds (
  id bigserial not null,
  external_id uuid not null,
  user_id uuid not null,
  amount numeric(15, 2) not null,
  currency character varying(3) not null default 'USD',
  status hold_status not null default 'active',
  reference character varying(255) not null,
  created_at timestamp without time zone not null default now(),
  released_at timestamp without time zone,
  captured_at timestamp without time zone,
  constraint holds_pkey primary key (id)
);

create unique index ix_holds_external_id on holds (external_id);
create unique index ix_holds_reference on holds (reference);
create index ix_holds_user_id on holds (user_id);

create table ledger_entries (
  id bigserial not null,
  external_id uuid not null,
  user_id uuid not null,
  transaction_type ledger_transaction_type not null,
  amount numeric(15, 2) not null,
  currency character varying(3) not null default 'USD',
  balance_after numeric(15, 2) not null,
  reference character varying(255) not null,
  description text,
  created_at timestamp without time zone not null default now(),
  constraint ledger_entries_pkey primary key (id)
);

create unique index ix_ledger_entries_external_id on ledger_entries (external_id);
create index ix_ledger_entries_user_id on ledger_entries (user_id);
create index ix_ledger_entries_reference on ledger_entries (reference);
create index ix_ledger_entries_created_at on ledger_entries (created_at);
