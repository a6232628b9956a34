-- revision: äöü
-- description: ‎x　
-- irreversible:  
