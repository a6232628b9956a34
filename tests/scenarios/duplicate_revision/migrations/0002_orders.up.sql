-- revision: 0001
-- description: orders

create table orders (id int);
