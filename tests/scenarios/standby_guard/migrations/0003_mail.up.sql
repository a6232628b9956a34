-- description: an address

alter table users add column mail text;
