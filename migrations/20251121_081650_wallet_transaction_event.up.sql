-- revision: 20251121_081650
-- revises: 20251121_073320
-- description: wallet_transaction_event

create type wallet_event_type as enum (
  'deposit', 'withdrawal', 'transfer_in', 'transfer_out', 'fee', 'refund', 'hold', 'release'
);

create table wallet_transaction_event (
  id bigserial not null,
  external_id uuid not null,
  wallet_id uuid not null,
  provider wallet_provider not null,
  event_type wallet_event_type not null,
  amount double precision not null,
  currency character varying(10) not null,
  provider_event_id character varying(255),
  idempotency_key character varying(255),
  metadata json,
  occurred_at timestamp without time zone not null,
  created_at timestamp without time zone not null,
  constraint wallet_transaction_event_pkey primary key (id)
);

create unique index ix_wallet_transaction_event_external_id
  on wallet_transaction_event (external_id);
create unique index ix_wallet_transaction_event_idempotency_key
  on wallet_transaction_event (idempotency_key);
create index ix_wallet_transaction_event_wallet_id on wallet_transaction_event (wallet_id);
create index ix_wallet_transaction_event_occurred_at on wallet_transaction_event (occurred_at);
create index ix_wallet_transaction_event_provider_event_id
  on wallet_transaction_event (provider_event_id);
create index ix_wallet_transaction_event_provider_provider_event_id
  on wallet_transaction_event (provider, provider_event_id);
create index ix_wallet_transaction_event_wallet_id_occurred_at
  on wallet_transaction_event (wallet_id, occurred_at);
