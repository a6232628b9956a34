-- revises: root
create table east (id int);
