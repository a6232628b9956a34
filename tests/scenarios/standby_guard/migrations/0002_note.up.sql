-- description: a note

alter table users add column note text;
