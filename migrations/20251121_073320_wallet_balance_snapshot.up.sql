-- revision: 20251121_073320
-- revises: 20251120_140218
-- description: wallet_balance_snapshot

create table wallet_balance_snapshot (
  id bigserial not null,
  external_id uuid not null,
  wallet_id uuid not null,
  provider wallet_provider not null,
  balance numeric(20, 2) not null,
  currency character varying(3) not null,
  external_balance_id character varying(255),
  as_of timestamp without time zone not null,
  metadata json,
  idempotency_key character varying(255),
  -- Without a default: the time is the application's to give.
  created_at timestamp without time zone not null,
  constraint pk_wallet_balance_snapshot primary key (id),
  constraint uq_wallet_balance_snapshot_wallet_id_as_of unique (wallet_id, as_of)
);

create unique index ix_wallet_balance_snapshot_external_id
  on wallet_balance_snapshot (external_id);
create index ix_wallet_balance_snapshot_wallet_id on wallet_balance_snapshot (wallet_id);
create index ix_wallet_balance_snapshot_provider on wallet_balance_snapshot (provider);

-- Unique only where they are known.
create unique index ix_wallet_balance_snapshot_external_balance_id
  on wallet_balance_snapshot (external_balance_id)
  where external_balance_id is not null;
create unique index ix_wallet_balance_snapshot_idempotency_key
  on wallet_balance_snapshot (idempotency_key)
  where idempotency_key is not null;
