-- description: orders by user
-- transaction: off

create index concurrently ix_orders_user_id on orders (user_id);
