-- description: a number

alter table users add column phone text;
