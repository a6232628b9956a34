drop table b201;
