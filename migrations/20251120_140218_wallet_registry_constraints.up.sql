-- revision: 20251120_140218
-- revises: d8311371c01f
-- description: wallet_registry: idempotency key, one account per user and provider

alter table wallet_registry add column idempotency_key character varying(255);

alter table wallet_registry
  add constraint uq_wallet_registry_user_provider_account
  unique (user_id, provider, provider_account_id);

-- Unique only where there is a key; rows without one need no place in the index.
create unique index ix_wallet_registry_idempotency_key
  on wallet_registry (idempotency_key)
  where idempotency_key is not null;
