drop table t_join;
