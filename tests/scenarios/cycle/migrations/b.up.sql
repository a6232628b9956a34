-- revises: a
create table b (id int);
