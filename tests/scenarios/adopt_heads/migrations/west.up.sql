-- revises: root

create table t_west (id int);
