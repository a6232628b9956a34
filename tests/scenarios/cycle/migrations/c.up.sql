-- revises: b
create table c (id int);
