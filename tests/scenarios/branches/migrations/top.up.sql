-- revises: join

create table t_top (id int);
