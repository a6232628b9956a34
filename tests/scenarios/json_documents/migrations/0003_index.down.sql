-- transaction: off

drop index concurrently ix_orders_user_id;
