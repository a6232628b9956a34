drop table root;
