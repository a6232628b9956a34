-- revises: none

create table ae10 (id int);
