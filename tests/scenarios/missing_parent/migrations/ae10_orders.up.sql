-- revises: 0002
create table orders (id int);
