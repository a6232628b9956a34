set role postgres;
set session authorization postgres;
reset role;
