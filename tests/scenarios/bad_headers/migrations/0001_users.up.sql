-- revison: 0001
-- Note: prose is welcome, and http://example.org too
-- transaction: maybe
-- lock_timeout: 3 parsecs
-- description: users
-- description: again
-- acknowledge: users
-- colour: blue

create table users (id int);
-- transaction: off
