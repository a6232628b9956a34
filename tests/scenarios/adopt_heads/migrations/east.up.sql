-- revises: root

create table t_east (id int);
