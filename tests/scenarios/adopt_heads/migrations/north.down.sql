drop table t_north;
