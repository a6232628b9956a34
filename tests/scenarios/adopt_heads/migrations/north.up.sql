-- revises: root

create table t_north (id int);
