drop table ae10;
