drop table log, log2;
