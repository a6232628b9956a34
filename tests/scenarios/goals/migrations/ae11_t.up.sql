-- revises: ae10

create table ae11 (id int);
