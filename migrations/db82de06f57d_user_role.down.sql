-- revision: db82de06f57d

alter table users drop column role;

drop type userrole;
