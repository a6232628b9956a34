-- description: orders by their id
-- irreversible: shown in one direction

create index ix_orders_id on orders (id);
