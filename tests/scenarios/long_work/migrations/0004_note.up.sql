-- description: every order has a note
-- irreversible: shown in one direction

alter table orders alter column note set not null;
