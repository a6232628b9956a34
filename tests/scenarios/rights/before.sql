drop role if exists scenario_rights_app;
create role scenario_rights_app login password 'app';
drop role if exists scenario_rights_reader;
create role scenario_rights_reader login password 'reader';
