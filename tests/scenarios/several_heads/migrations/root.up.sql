-- revises: none
create table root (id int);
