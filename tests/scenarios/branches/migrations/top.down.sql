drop table t_top;
