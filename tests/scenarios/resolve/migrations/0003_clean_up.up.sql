-- description: clean up
-- transaction: off

create table log (id int);
do $$ begin delete from users where name = ''; end $$;
create table log2 (id int);
