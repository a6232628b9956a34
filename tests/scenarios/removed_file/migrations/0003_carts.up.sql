create table carts (id int);
