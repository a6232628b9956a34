drop view nmaes;
