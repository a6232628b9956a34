-- revises: west, east

create table t_join (id int);
