select 1 /* ; */ ; /* commit; */ -- commit;
CoMmIt/**/;