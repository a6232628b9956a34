-- description: an age

alter table users add column age int;
