-- revises: none

create table t_root (id int);
