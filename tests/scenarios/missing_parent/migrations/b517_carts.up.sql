-- revises: 68db6a7fba94
create table carts (id int);
