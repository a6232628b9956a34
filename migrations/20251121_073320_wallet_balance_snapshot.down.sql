-- revision: 20251121_073320

-- wallet_provider stays: it came with an earlier revision.
drop table wallet_balance_snapshot;
