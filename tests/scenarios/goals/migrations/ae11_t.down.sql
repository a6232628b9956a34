drop table ae11;
