-- revises: ae11

create table b200 (id int);
