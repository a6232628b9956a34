drop table heads;
