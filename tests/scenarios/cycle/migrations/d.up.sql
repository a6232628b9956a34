-- revises: d
create table d (id int);
