-- description: a place

alter table users add column city text;
