select 1 */* c */ 2; select 3 --4
 - 5; select @-1; select 2 !=-3;