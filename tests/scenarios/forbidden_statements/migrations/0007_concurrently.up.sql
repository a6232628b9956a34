create index concurrently ix on a (id);
