drop table t_east;
