drop table west;
