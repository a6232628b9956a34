-- revises: b200

create table b201 (id int);
