-- irreversible: the orders would be lost

create table orders (id int not null, note text);
