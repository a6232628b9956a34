-- description: total of an order

alter table orders add column total numeric;
alter table orders add constraint total_is_known check (nope is not null);
