create index ix on users (id);
