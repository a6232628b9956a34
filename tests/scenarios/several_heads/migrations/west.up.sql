-- revises: root
create table west (id int);
