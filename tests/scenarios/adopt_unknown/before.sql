create table alembic_version (version_num varchar(32) not null);
insert into alembic_version values ('0001'), ('8ca8e84a0b34');
