drop table t_west;
