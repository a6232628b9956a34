drop table t_root;
