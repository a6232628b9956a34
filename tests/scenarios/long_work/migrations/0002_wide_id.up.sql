-- description: room for more orders
-- irreversible: the ids may be too large by then

alter table orders alter column id type bigint;
