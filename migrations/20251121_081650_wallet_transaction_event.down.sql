-- revision: 20251121_081650

drop table wallet_transaction_event;

drop type wallet_event_type;
