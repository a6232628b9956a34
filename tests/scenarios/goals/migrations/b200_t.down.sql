drop table b200;
