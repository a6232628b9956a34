-- irreversible: orders are kept for ever
create table orders (id int);
