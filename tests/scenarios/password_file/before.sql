drop role if exists scenario_password_file; create role scenario_password_file login password 'canary'; 
