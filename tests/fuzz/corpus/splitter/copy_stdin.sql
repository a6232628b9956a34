copy a from stdin;
1	x;y
\.
select 1;
