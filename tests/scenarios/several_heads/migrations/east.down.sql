drop table east;
