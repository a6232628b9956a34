vacuum a;
create database d;
prepare transaction 'x';
