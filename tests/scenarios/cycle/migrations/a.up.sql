-- revises: c
create table a (id int);
