create table heads (id int);
