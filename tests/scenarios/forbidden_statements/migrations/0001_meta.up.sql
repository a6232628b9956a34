create table a (id int);
\d a
