create table b (id int);
copy b (id) from stdin;
1
\.
