drop role if exists scenario_rights_app;
create role scenario_rights_app login password 'app';
