-- revision: 20251120_140218

drop index ix_wallet_registry_idempotency_key;

alter table wallet_registry drop constraint uq_wallet_registry_user_provider_account;

alter table wallet_registry drop column idempotency_key;
