-- revision: 68db6a7fba94

-- Children first, since their foreign keys hold the others; each takes its indexes along.
drop table transactions;
drop table milestones;
drop table projects;
drop table users;

-- A type outlives the table that used it.
drop type transaction_status;
drop type transaction_type;
drop type milestone_status;
drop type project_status;
