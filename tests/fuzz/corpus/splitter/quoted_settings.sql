set "TRANSACTION_READ_ONLY" = on; set "Role" = a; set "Standard_Conforming_Strings" = off; select 'a\'; b';
