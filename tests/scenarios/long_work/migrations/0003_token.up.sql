-- description: a token for each order
-- irreversible: tokens are with the customers

alter table orders add column token uuid default gen_random_uuid();
